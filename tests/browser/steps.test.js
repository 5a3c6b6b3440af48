import assert from "node:assert/strict";
import { ORIGIN, scene } from "./person.js";

const top = (person, selector) => person.at(selector).first().evaluate((node) => node.getBoundingClientRect().top);

scene("the page has three steps, and everything else is folded", { folded: true, viewport: { width: 1280, height: 720 } }, async (ada) => {
  const titles = () => ada.at("main h2:visible").allInnerTexts();
  assert.deepEqual((await titles()).slice(0, 3), ["1\nGet a pass", "2\nUse it", "3\nEnd it"]);
  assert.equal(await ada.at(".fold[open]").count(), 0);
  await ada.sees("#account-title", "Not signed in");
  await ada.photograph("first visit", { fullPage: false });

  await ada.signsUp();
  await ada.sees("#countdown", /^23:59:\d\d$/);
  await ada.sees("#token-short", "…");
  await ada.at("#ask").click();
  await ada.sees("#result[data-tone=good]", "Valid");
  // The three steps and the result fit on one screen.
  assert.ok(await top(ada, "#end .sign-out") < 720, `sign-out is at ${await top(ada, "#end .sign-out")}`);
  await ada.photograph("three steps", { fullPage: false });
  assert.equal(await ada.at(".fold[open]").count(), 0);
  for (const name of ["items", "logs", "variables", "sessions", "password", "browser", "classroom", "devices"]) {
    await ada.sees(`.fold > summary #${name}-title`);
  }
  // The summary stays in view.
  await ada.at("#devices-title").scrollIntoViewIfNeeded();
  await ada.page.mouse.wheel(0, 2000);
  await ada.page.waitForFunction(() => scrollY > 200);
  assert.equal(await top(ada, "#summary"), 0);
  await ada.sees("#account-title", `Signed in as ${ada.username}`);
});

scene("one form switches between sign-up and sign-in and keeps what was typed", async (ada) => {
  await ada.sees("#sign-up");
  await ada.seesNothingOf("#sign-in");
  await ada.fills("#sign-up", ada.credentials);
  await ada.tabsTo("[name=credentials]");
  await ada.page.keyboard.press("ArrowRight");
  await ada.sees("#sign-in");
  await ada.seesNothingOf("#sign-up");
  assert.equal(await ada.at("#sign-in-username").inputValue(), ada.username);
  assert.equal(await ada.at("#sign-in-password").inputValue(), ada.password);
  await ada.signsUp();
  await ada.at("#end .delete-token").click();
  // A user who had a session has an account.
  await ada.sees("#sign-in");
  assert.equal(await ada.at("#sign-in-password").inputValue(), "");
});

scene("requests are in two lanes, refreshes are folded, and only rejections are red", { folded: true }, async (ada) => {
  await ada.sees(".exchange .status", "401 no_token");
  assert.equal(await ada.at("[data-kind=rejected]").count(), 0, "a question of the page is no rejection");
  await ada.signsUp();
  await ada.sees(".refreshes summary", "4 refreshes");
  await ada.seesNothingOf(".refreshes .exchange");
  await ada.at(".refreshes > details > summary").click();
  await ada.sees(".refreshes .exchange .path", "/api/sessions");
  const [request, response, panel] = await Promise.all([".request-lane", ".response-lane", "#exchanges"].map((part) => (
    ada.at(part).first().evaluate((node) => node.getBoundingClientRect().toJSON()))));
  assert.ok(request.left < response.left && request.right < response.right, "the response comes from the right");
  assert.ok(Math.abs(response.right - panel.right) < 2 && request.bottom <= response.top + 1);
  await ada.at("#tamper-signature").click();
  await ada.sees("[data-kind=rejected] .status", "401 bad_signature");
  assert.equal(await ada.at("[data-kind=rejected]").count(), 1);
  await ada.photograph("lanes");
});

scene("the projector mode is large and shows only the steps and the requests", { folded: true, address: `${ORIGIN}/?present`, viewport: { width: 1280, height: 720 } }, async (ada) => {
  await ada.signsUp();
  await ada.at("#ask").click();
  await ada.sees("#result[data-tone=good]", "Valid");
  const size = await ada.page.evaluate(() => parseFloat(getComputedStyle(document.body).fontSize));
  assert.ok(size >= 22, `the text is ${size} px large`);
  for (const hidden of ["#items-title", "#carrier-hint", ".site-header nav"]) await ada.seesNothingOf(hidden);
  await ada.photograph("projector mode", { fullPage: false });
  assert.deepEqual(await ada.violations(), []);
  await ada.page.goto(ORIGIN);
  await ada.at("#devices-title").click();
  assert.equal(await ada.at("#present").getAttribute("href"), "/?present");
});
