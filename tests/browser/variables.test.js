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

scene("an anonymous counter persists after a reload", async (ada) => {
  await ada.sees("#variables-whose", "Not signed in.");
  assert.equal(await ada.cookie(), undefined);
  await ada.at("#refresh-variables").click();
  await ada.sees("#variables-outcome", "No variables.");
  assert.equal(await ada.cookie(), undefined, "looking begins no session");

  await ada.countsTo(1);
  await ada.sees("#variables-whose", "Variables of an anonymous session");
  assert.equal((await ada.cookie()).httpOnly, true);
  await ada.countsTo(2);
  await ada.page.reload();
  await ada.sees("#variables-outcome", "1 variable.");
  await ada.sees("#variables-whose", "Variables of an anonymous session");
  await ada.sees("#credentials");
  await ada.countsTo(3);
  await ada.photograph("anonymous counter");
});

scene("signing in with the variables continues the counter", async (ada) => {
  await ada.seesNothingOf("#keep-variables");
  await ada.countsTo(1);
  await ada.countsTo(2);
  const { value } = await ada.cookie();
  await ada.at("#keep-variables").check();
  await ada.photograph("a visitor who keeps the variables");
  await ada.signsUpByCookie();
  await ada.sees("#variables-outcome", "1 variable.");
  await ada.countsTo(3);
  await ada.sees("#variables-whose", `Variables of ${ada.username}’s session (cookie).`);
  assert.notEqual((await ada.cookie()).value, value, "a new session");
});

scene("signing in without the variables resets the counter", async (ada) => {
  await ada.countsTo(1);
  await ada.countsTo(2);
  await ada.sees("#keep-variables:not(:checked)");
  await ada.signsUpByCookie();
  await ada.sees("#variables-outcome", "No variables.");
  await ada.countsTo(1);
});

scene("variables move to a header session, and sign-out deletes them", async (ada) => {
  await ada.countsTo(1);
  await ada.at("#keep-variables").check();
  await ada.signsUp();
  await ada.sees("#variables-outcome", "1 variable.");
  await ada.countsTo(2);
  await ada.sees("#variables-whose", `Variables of ${ada.username}’s session (header).`);
  await ada.at("#end .sign-out").click();
  await ada.sees("#account-outcome", "Signed out.");
  await ada.sees("#variables-whose", "Not signed in.");
  assert.equal(await ada.at("#counter-value").textContent(), "0");
  // The cookie of the visitor's session, which has ended, is taken back on the way.
  await ada.countsTo(1);
  await ada.sees("#variables-whose", "Variables of an anonymous session");
});

scene("two browsers have separate counters", async (ada) => {
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

scene("variables can be set and deleted, and show their ETags", async (ada) => {
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
  await ada.sees("#variables-outcome", "Deleted all variables.");
  await ada.hasFocusOn("#count");
  assert.deepEqual(await values(ada), {});
  await ada.page.reload();
  await ada.sees("#variables-outcome", "No variables.");
});

scene("invalid JSON, names and numbers are reported at their fields", async (ada) => {
  await sets(ada, "theme", "dark");
  await ada.sees("#set-variable-value-error", "Not valid JSON.");
  await ada.hasFocusOn("#set-variable-value[aria-invalid=true]");
  assert.equal(await ada.at(".exchange").filter({ hasText: "PUT" }).count(), 0);
  await sets(ada, "a name with blanks", "1");
  await ada.sees("#set-variable-name-error", /\w/);
  await sets(ada, "counter", '"many"');
  await ada.sees("#variables-outcome", "Set counter.");
  await ada.at("#count").click();
  await ada.sees("#variables-outcome[data-tone=bad]", /integer/);
  await sets(ada, "long", JSON.stringify("x".repeat(5000)));
  await ada.sees("#set-variable .form-error", /4/);
  await ada.sees("#variables-whose", "Variables of an anonymous session");
});

scene("a variable that changed in another tab is not overwritten", async (ada) => {
  await sets(ada, "theme", '"dark"');
  await ada.sees("#variables-outcome", "Set theme.");
  await changesElsewhere(ada, "theme", "light");
  await sets(ada, "theme", '"blue"');
  await ada.sees("#variables-outcome", "theme was changed elsewhere. Nothing was set.");
  assert.deepEqual(await values(ada), { theme: '"light"' });
  await sets(ada, "theme", '"blue"');
  await ada.sees("#variables-outcome", "Set theme.");
  await changesElsewhere(ada, "theme", "light");
  await ada.at("#variables .delete").click();
  await ada.sees("#variables-outcome", "theme was changed elsewhere. It was not deleted.");
  await ada.at("#variables .delete").click();
  await ada.sees("#variables-outcome", "Deleted theme.");
});

scene("a rejected token closes the variables", async (ada) => {
  await ada.signsUp();
  await ada.returnsWith(`${(await ada.token()).slice(0, -8)}AAAAAAAA`);
  await ada.sees("#variables-closed");
  await ada.seesNothingOf("#variables-open");
});

scene("the request of the counter is listed and can be copied as curl", async (ada) => {
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
