import assert from "node:assert/strict";
import { ORIGIN, scene } from "./person.js";

const links = (person) => person.at(".site-header a").evaluateAll((all) => all.map((link) => link.getAttribute("href")));

async function opens(person, path) {
  await person.page.goto(ORIGIN + path);
  await person.sees("h1");
}

async function sends(person, id, values) {
  await person.page.evaluate((name) => { location.hash = name; }, id);
  await person.sees(`#${id} .try`);
  await person.fills(`#${id}`, values);
  await person.at(`#${id} .try button`).click();
}

scene("the API reference lists every operation and sends requests", async (ada) => {
  await ada.signsUp();
  await opens(ada, "/docs");
  const { paths } = await (await fetch(`${ORIGIN}/openapi.json`)).json();
  const operations = Object.values(paths).reduce((sum, methods) => sum + Object.keys(methods).length, 0);
  await ada.sees(".operation");
  assert.equal(await ada.at(".operation").count(), operations);

  await sends(ada, "create_item", { body: '{"name":"Bread"}' });
  await ada.sees("#create_item .answer", "201 Created");
  await ada.sees("#create_item .answer", '"name": "Bread"');
  await sends(ada, "show_item", { id: "" });
  await ada.sees("#show_item .form-error", "Fill in id.");
  await ada.at("#list_items > summary").click();
  await ada.at("#list_items [name=sort]").selectOption("-name");
  await ada.fills("#list_items", { q: "Bre" });
  await ada.at("#list_items .try button").click();
  await ada.sees("#list_items .answer", '"name": "Bread"');
  await sends(ada, "create_item", { body: "{" });
  await ada.sees("#create_item .form-error", "not valid JSON");
  // The example of each body is valid.
  await ada.at("#sign_up > summary").click();
  await ada.fills("#sign_up", { body: JSON.stringify({ ...ada.credentials, password: "short" }) });
  await ada.at("#sign_up .try button").click();
  await ada.sees("#sign_up .answer", "password_too_short");
  assert.equal(await ada.at('#sign_up a[href="/docs/errors/username_taken"]').count(), 1);

  assert.equal(await ada.at('#sign_up a[href="/docs/flows/sign-up"]').count(), 1);

  await ada.at("#filter").fill("delete items");
  assert.equal(await ada.at(".operation:visible").count(), 1);
  assert.equal(await ada.at(".tag:visible").count(), 1);
});

for (const colorScheme of ["light", "dark"]) {
  scene(`the pages share their header and have no axe violations in the ${colorScheme} scheme`, { colorScheme, folded: true, viewport: { width: 1280, height: 720 } }, async (ada) => {
    const header = await links(ada);
    assert.deepEqual(await ada.violations(), [], "/");
    for (const path of ["/docs", "/docs/errors#revoked", "/docs/errors/expired", "/docs/flows", "/docs/flows/sign-in"]) {
      await opens(ada, path);
      assert.deepEqual(await links(ada), header);
      await ada.sees(".site-header [aria-current]");
      if (path === "/docs") {
        for (const id of ["sign_up", "list_items", "update_item", "set_variable"]) await ada.at(`#${id} > summary`).click();
        await ada.at("#list_items .try button").click();
        await ada.sees("#list_items .answer", "401");
      } else if (path === "/docs/flows/sign-in") {
        await ada.sees(".sequence-box svg");
      } else if (path === "/docs/errors#revoked") {
        await ada.sees("#revoked", "revoked");
        assert.ok(await ada.at("#revoked").evaluate((node) => node.matches(":target")));
      }
      assert.deepEqual(await ada.violations(), [], path);
      await ada.photograph(`${path} ${colorScheme}`);
      await ada.page.setViewportSize({ width: 375, height: 740 });
      const wide = await ada.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.equal(wide, 0, `${path} scrolls sideways`);
      assert.deepEqual(await ada.violations(), [], `${path} on a phone`);
      await ada.photograph(`${path} ${colorScheme} phone`);
      await ada.page.setViewportSize({ width: 1280, height: 720 });
    }
  });
}

scene("the page of an error code leads to the explanation of this browser's token, without the token in an address", async (ada) => {
  await opens(ada, "/docs/errors/expired");
  await ada.sees("#explain-token a", "Explain a token");
  await ada.page.goto(ORIGIN);
  await ada.signsUp();
  const token = await ada.page.evaluate(() => localStorage.getItem("daypass.token"));
  const addresses = [];
  ada.page.on("request", (request) => addresses.push(request.url()));
  await opens(ada, "/docs/errors/expired");
  await ada.at("#explain-token a").filter({ hasText: "Explain this token" }).click();
  await ada.sees("#account-title", `Signed in as ${ada.username}`);
  await ada.hasAllAnswers();
  assert.equal(new URL(ada.page.url()).pathname, "/");
  assert.ok(addresses.length > 1 && !addresses.some((address) => address.includes(token.split(".")[1])));
});

scene("a flow is drawn, and its text can be shown", async (ada) => {
  await opens(ada, "/docs/flows");
  await ada.at('main a[href="/docs/flows/sign-in"]').click();
  await ada.sees(".sequence-box svg", "POST /api/sessions");
  await ada.seesNothingOf(".sequence-text pre");
  await ada.at(".sequence-text > summary").click();
  await ada.sees(".sequence-text pre", "sequenceDiagram");
});
