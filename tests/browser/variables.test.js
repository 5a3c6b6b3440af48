import assert from "node:assert/strict";
import { ORIGIN, Person, scene } from "./person.js";

const PATH = "/api/sessions/current/variables";

const values = async (person) => Object.fromEntries(await person.at("#variables .item").evaluateAll((rows) => (
  rows.map((row) => [".variable-name", ".variable-value"].map((part) => row.querySelector(part).textContent)))));

const sets = (person, name, value) => person.sends("#set-variable", { name, value });

/** Changes a variable from another tab, which shares the cookie. */
async function changesElsewhere(person, name, value) {
  const tab = await person.openTab();
  const status = await tab.evaluate(async ([path, body]) => (
    (await fetch(path, { method: "PUT", headers: { "Content-Type": "application/json" }, body })).status
  ), [`${PATH}/${name}`, JSON.stringify(value)]);
  await tab.close();
  assert.equal(status, 200);
}

scene("an anonymous visitor counts, and the counter is there after a reload", async (ada) => {
  await ada.sees("#variables-whose", "You are nobody yet.");
  assert.equal(await ada.cookie(), undefined);
  await ada.at("#refresh-variables").click();
  await ada.sees("#variables-outcome", "No variables.");
  assert.equal(await ada.cookie(), undefined, "looking begins no session");

  await ada.countsTo(1);
  await ada.sees("#variables-whose", "Those of an anonymous session");
  assert.equal((await ada.cookie()).httpOnly, true);
  await ada.countsTo(2);
  await ada.page.reload();
  await ada.sees("#variables-outcome", "1 variable.");
  await ada.sees("#variables-whose", "Those of an anonymous session");
  await ada.sees("#doors");
  await ada.countsTo(3);
  await ada.photograph("anonymous counter");
});

scene("signing in with the variables goes on with the count", async (ada) => {
  await ada.seesNothingOf("#keep-variables");
  await ada.countsTo(1);
  await ada.countsTo(2);
  const { value } = await ada.cookie();
  await ada.at("#keep-variables").check();
  await ada.photograph("a visitor who keeps the variables");
  await ada.signsUpByCookie();
  await ada.sees("#variables-outcome", "1 variable.");
  await ada.countsTo(3);
  await ada.sees("#variables-whose", `the session of ${ada.username}, which a cookie carries`);
  assert.notEqual((await ada.cookie()).value, value, "a new session");
});

scene("signing in without the variables starts over", async (ada) => {
  await ada.countsTo(1);
  await ada.countsTo(2);
  await ada.sees("#keep-variables:not(:checked)");
  await ada.signsUpByCookie();
  await ada.sees("#variables-outcome", "No variables.");
  await ada.countsTo(1);
});

scene("by header the variables move along too, and signing out leaves none", async (ada) => {
  await ada.countsTo(1);
  await ada.at("#keep-variables").check();
  await ada.signsUp();
  await ada.sees("#variables-outcome", "1 variable.");
  await ada.countsTo(2);
  await ada.sees("#variables-whose", `the session of ${ada.username}, which the header carries`);
  await ada.at("#who .sign-out").click();
  await ada.sees("#account-outcome", "Signed out.");
  await ada.sees("#variables-whose", "You are nobody yet.");
  assert.equal(await ada.at("#counter-value").textContent(), "0");
  // The cookie of the visitor's session, which has ended, is taken back on the way.
  await ada.countsTo(1);
  await ada.sees("#variables-whose", "Those of an anonymous session");
});

scene("two browsers side by side count each for itself", async (ada) => {
  const bob = await Person.arrive({});
  bob.trouble = ada.trouble;
  ada.devices.push(bob);
  await ada.countsTo(1);
  await bob.countsTo(1);
  await ada.countsTo(2);
  await ada.countsTo(3);
  await bob.countsTo(2);
  for (const [person, count] of [[ada, "3"], [bob, "2"]]) {
    await person.page.reload();
    await person.sees("#variables-outcome", "1 variable.");
    assert.equal(await person.at("#counter-value").textContent(), count);
  }
  assert.notEqual((await ada.cookie()).value, (await bob.cookie()).value);
  await ada.photograph("counter of one browser");
  await bob.photograph("counter of another browser");
});

scene("variables are set, shown with their ETags, and deleted", async (ada) => {
  await ada.signsUp();
  await sets(ada, "theme", '"dark"');
  await ada.sees("#variables-outcome[data-tone=good]", /^Set theme\. Its ETag is "\d+"\.$/);
  await ada.hasFocusOn("#set-variable-name");
  await sets(ada, "basket", '{"bread": [1, 2], "it\'s": null}');
  await ada.sees("#variables-outcome", "Set basket.");
  await ada.countsTo(1);
  assert.deepEqual(await values(ada), { basket: '{"bread":[1,2],"it\'s":null}', counter: "1", theme: '"dark"' });
  for (const value of ["false", "0", "null", '""']) {
    await sets(ada, "theme", value);
    await ada.page.waitForFunction((wanted) => (
      document.querySelector("#variables .item:last-child .variable-value").textContent === wanted), value);
  }
  await ada.sees("#variables .item:last-child .variable-etag", /^ETag "\d+"$/);
  await ada.at("#refresh-variables").click();
  await ada.sees("#variables-etag", /"\d+"/);
  await ada.sees("#variables-outcome", "3 variables.");
  await ada.photograph("variables");

  await ada.at("#variables .item:first-child .delete").click();
  await ada.sees("#variables-outcome", "Deleted basket.");
  await ada.hasFocusOn("#variables .item:first-child");
  await ada.at("#clear-variables").click();
  await ada.sees("#variables-outcome", "Deleted them all.");
  await ada.hasFocusOn("#count");
  assert.deepEqual(await values(ada), {});
  await ada.page.reload();
  await ada.sees("#variables-outcome", "No variables.");
});

scene("what is no JSON, no name or no number is refused where it was written", async (ada) => {
  await sets(ada, "theme", "dark");
  await ada.sees("#set-variable-value-error", "This is no JSON.");
  await ada.hasFocusOn("#set-variable-value[aria-invalid=true]");
  assert.equal(await ada.at(".exchange").filter({ hasText: "PUT" }).count(), 0);
  await sets(ada, "a name with blanks", "1");
  await ada.sees("#set-variable-name-error", /\w/);
  await sets(ada, "counter", '"many"');
  await ada.sees("#variables-outcome", "Set counter.");
  await ada.at("#count").click();
  await ada.sees("#variables-outcome[data-tone=bad]", /number/);
  await sets(ada, "long", JSON.stringify("x".repeat(5000)));
  await ada.sees("#set-variable .form-error", /4/);
  await ada.sees("#variables-whose", "Those of an anonymous session");
});

scene("what another tab changed meanwhile is not overwritten unseen", async (ada) => {
  await sets(ada, "theme", '"dark"');
  await ada.sees("#variables-outcome", "Set theme.");
  await changesElsewhere(ada, "theme", "light");
  await sets(ada, "theme", '"blue"');
  await ada.sees("#variables-outcome", "theme was changed elsewhere, and nothing was set.");
  assert.deepEqual(await values(ada), { theme: '"light"' });
  await sets(ada, "theme", '"blue"');
  await ada.sees("#variables-outcome", "Set theme.");
  await changesElsewhere(ada, "theme", "light");
  await ada.at("#variables .delete").click();
  await ada.sees("#variables-outcome", "theme was changed elsewhere, and is still there.");
  await ada.at("#variables .delete").click();
  await ada.sees("#variables-outcome", "Deleted theme.");
});

scene("a token in doubt closes the variables", async (ada) => {
  await ada.signsUp();
  await ada.returnsWith(`${(await ada.token()).slice(0, -8)}AAAAAAAA`);
  await ada.sees("#variables-closed");
  await ada.seesNothingOf("#variables-open");
});

scene("the exchange shows what counting sends, and as curl it counts again", async (ada) => {
  await ada.countsTo(1);
  await ada.countsTo(2);
  const entry = ada.at(".exchange").filter({ hasText: `POST ${PATH}/counter/increment` }).first();
  await entry.locator("summary").click();
  assert.match(await entry.locator(".request .head").innerText(), /Cookie: added by the browser/);
  assert.match(await entry.locator(".response .head").innerText(), /etag: "\d+"/i);
  await entry.locator(".copy-curl").click();
  const command = await entry.locator(".curl").innerText();
  assert.match(command, /--cookie "__Host-daypass=\$TOKEN"/);
  assert.ok(command.includes(`Origin: ${ORIGIN}`));
  assert.match(command, /--data-raw '\{"by":1\}'/);
});
