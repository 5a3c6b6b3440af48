import assert from "node:assert/strict";
import { scene } from "./person.js";

const step = (number) => `.step:nth-child(${number})`;

/** Performs a step and waits for what it says. */
async function performs(person, number, says, values = {}) {
  await person.fills(step(number), values);
  await person.at(`${step(number)} form button`).click();
  await person.sees(`${step(number)} .outcome`, says);
}

async function entersTheClassroom(person) {
  await person.at("#classroom > summary").click();
  await person.sees(step(14));
}

const recorded = (person, text) => person.at(".exchange").filter({ hasText: text }).first();

scene("the fourteen steps of the course's client work", async (ada) => {
  await entersTheClassroom(ada);
  assert.equal(await ada.at(".step").count(), 14);
  await performs(ada, 1, "message from the server");
  await performs(ada, 2, /\w/);
  await performs(ada, 3, /\w/);
  await performs(ada, 4, /This was saved! Created at \d{4}-/);
  await performs(ada, 5, /\d+ rows?/);
  await ada.sees(`${step(5)} .step-rows li`, "This was saved!");
  await performs(ada, 8, "null");
  await performs(ada, 9, /^401: /);

  await performs(ada, 6, "Signed in", ada.credentials);
  await ada.sees("#account-title", `Signed in as ${ada.username}`);
  const first = await ada.token();
  await performs(ada, 7, "Signed in", ada.credentials);
  assert.notEqual(await ada.token(), first);
  await performs(ada, 8, (await ada.token()).slice(0, 12));
  await performs(ada, 9, "0 rows");
  await performs(ada, 10, /Row \d+: Bread/, { item: "Bread" });
  const id = (await ada.at(`${step(10)} .outcome`).textContent()).match(/\d+/)[0];
  await performs(ada, 11, "Bread", { id });
  await ada.at(`${step(12)} [name=id]`).pressSequentially(id);
  await ada.page.waitForFunction((field) => document.querySelector(field).value === "Bread", `${step(12)} [name=item]`);
  await performs(ada, 12, "Rye bread", { item: "Rye bread" });
  await performs(ada, 14, "1 row");
  await ada.sees(`${step(14)} .step-rows li`, `${id} Rye bread`);
  await ada.photograph("classroom");
  await performs(ada, 13, "you removed a log", { id });
  await performs(ada, 14, "0 rows");
  await performs(ada, 11, "null", { id });
});

scene("a row of the last step can be deleted in the list", async (ada) => {
  await ada.signsUp();
  await entersTheClassroom(ada);
  await performs(ada, 10, /Row/, { item: "Bread" });
  await performs(ada, 10, /: Milk/, { item: "Milk" });
  await performs(ada, 14, "2 rows");
  await ada.at(`${step(14)} .step-rows button`).first().click();
  await ada.sees(`${step(14)} .outcome`, "you removed a log");
  assert.match((await ada.at(`${step(14)} .step-rows li`).allInnerTexts()).join(), /^\d+ Milk/);
  await ada.hasFocusOn(`${step(14)} .step-rows button`);
});

scene("requests of the course's client are listed as sent, without secrets", async (ada) => {
  await entersTheClassroom(ada);
  await performs(ada, 6, "Signed in", ada.credentials);
  await performs(ada, 9, "0 rows");
  const entry = recorded(ada, "GET /authtest/getall");
  await entry.locator("summary").click();
  assert.match(await entry.locator(".request .head").innerText(), /Authorization: eyJ\S{9}…\S{6}\n/);
  assert.match(await entry.locator(".request .head").innerText(), /Content-Type: application\/json/);
  await entry.locator(".copy-curl").click();
  assert.match(await entry.locator(".curl").innerText(), /--header "Authorization: \$TOKEN"/);

  const signUp = recorded(ada, "POST /api/user/createuser");
  await signUp.locator("summary").click();
  await signUp.locator(".copy-curl").click();
  assert.match(await signUp.locator(".curl").innerText(), /\{"user":\{"username":"ada-\w+","password":"'"\$PASSWORD"'"\}\}/);
  const [, , signature] = (await ada.token()).split(".");
  const page = await ada.page.evaluate(() => (
    document.documentElement.outerHTML + [...document.querySelectorAll("input")].map((field) => field.value).join("\n")));
  for (const secret of [ada.password, signature]) assert.ok(!page.includes(secret), "there is a secret in the page");
});

scene("an error is shown at its step", async (ada) => {
  await entersTheClassroom(ada);
  await performs(ada, 7, /^401: /, { username: ada.username, password: "not the password" });
  await performs(ada, 6, /^422: /, { username: ada.username, password: "short" });
  await ada.sees("#credentials");
});

scene("the panel of the course's client stays closed without a classroom", async (ada) => {
  await ada.isRefused("**/test/helloclient", { status: 404, code: "not_found", detail: "Nothing is here." });
  await ada.at("#classroom > summary").click();
  await ada.sees("#classroom-outcome", "CLASSROOM=false");
  await ada.seesNothingOf(step(1));
  await ada.context.unroute("**/test/helloclient");
  await entersTheClassroom(ada);
  await ada.seesNothingOf("#classroom-outcome");
});
