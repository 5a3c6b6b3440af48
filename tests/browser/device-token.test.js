import assert from "node:assert/strict";
import { scene } from "./person.js";

const NEW_PASSWORD = "four other words here";
const HEADER = "daypass-device";
const CREDENTIALS = ["**/api/users", "**/api/sessions", "**/api/users/me/password"];

/** Where the server gives no device tokens yet, its answers bring one, another for each path. */
async function devicesAreKnown(person) {
  for (const [index, path] of CREDENTIALS.entries()) {
    await person.isAnsweredWith(path, { [HEADER]: `${index}-a-token-the-server-knows-this-browser-by-${index}` });
  }
}

/** What an answer to such a request brings. */
async function brought(person, method, path, act) {
  const answered = person.page.waitForResponse((response) => (
    response.request().method() === method && new URL(response.url()).pathname === path));
  await act();
  const token = (await answered).headers()[HEADER];
  assert.ok(token, `${method} ${path} brought no device token`);
  return token;
}

/** Notes each request to the API with the device token it carries. */
function note({ page }) {
  const requests = [];
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith("/api/")) requests.push([`${request.method()} ${pathname}`, request.headers()[HEADER]]);
  });
  return requests;
}

scene("the device token is stored at sign-up and sent only with a sign-in", async (ada) => {
  await devicesAreKnown(ada);
  const requests = note(ada);
  await ada.seesNothingOf("#known-device");
  const first = await brought(ada, "POST", "/api/users", () => ada.signsUp());
  assert.equal(await ada.deviceToken(), first);
  await ada.sees("#known-device", "The server recognises this browser");
  await ada.adds("Bread");
  await ada.at("#end .sign-out").click();
  await ada.sees("#account-outcome", "Signed out.");
  assert.deepEqual([await ada.token(), await ada.deviceToken()], [null, first]);
  await ada.sees("#known-device");
  await ada.photograph("signed out from a known device");

  await ada.page.reload();
  const second = await brought(ada, "POST", "/api/sessions", () => ada.signsIn());
  assert.equal(await ada.deviceToken(), second);
  const third = await brought(ada, "PUT", "/api/users/me/password", () => (
    ada.sends("#change-password", { currentPassword: ada.password, newPassword: NEW_PASSWORD })));
  await ada.sees("#password-outcome", "Your password is changed.");
  assert.equal(await ada.deviceToken(), third);
  const carriers = requests.filter(([, token]) => token);
  assert.deepEqual(carriers, [["POST /api/sessions", first]]);
});

scene("a failed sign-in does not change the device token", async (ada) => {
  await ada.isAnsweredWith("**/api/users", { [HEADER]: "a-token-the-server-knows-this-browser-by" });
  const token = await brought(ada, "POST", "/api/users", () => ada.signsUp());
  await ada.at("#end .delete-token").click();
  await ada.sends("#sign-in", { ...ada.credentials, password: "not the password" });
  await ada.sees("#sign-in-password-error", /\w/);
  assert.equal(await ada.deviceToken(), token);
});

scene("deleting the device token affects all tabs and ends no session", async (ada) => {
  await devicesAreKnown(ada);
  await ada.signsUp();
  const first = ada.page;
  const second = await ada.openTab();
  await ada.sees("#known-device");
  await ada.turnsTo(second);
  await ada.tabsTo("#forget-device");
  await ada.page.keyboard.press("Enter");
  await ada.sees("#account-outcome", "Device token deleted.");
  await ada.hasFocusOn("#account-title");
  await ada.seesNothingOf("#known-device");
  assert.equal(await ada.deviceToken(), null);
  await ada.turnsTo(first);
  await ada.seesNothingOf("#known-device");
  await ada.adds("Bread");

  await ada.at("#end .sign-out").click();
  await ada.sees("#account-outcome", "Signed out.");
  const requests = note(ada);
  await ada.signsIn();
  assert.deepEqual(requests.find(([request]) => request === "POST /api/sessions"), ["POST /api/sessions", undefined]);
  await ada.sees("#known-device");
});

scene("deleting the account deletes the device token", async (ada) => {
  await devicesAreKnown(ada);
  await ada.signsUp();
  await ada.at("#begin-deletion").click();
  await ada.sends("#delete-account", { currentPassword: "not the password" });
  await ada.sees("#delete-account-current-error", /\w/);
  assert.ok(await ada.deviceToken());
  await ada.sends("#delete-account", { currentPassword: ada.password });
  await ada.sees("#account-outcome", "is deleted");
  assert.equal(await ada.deviceToken(), null);
  await ada.seesNothingOf("#known-device");
});

scene("a stored device token that a header cannot contain is ignored", async (ada) => {
  await ada.signsUp();
  await ada.at("#end .sign-out").click();
  await ada.sees("#account-outcome", "Signed out.");
  await ada.page.evaluate(() => localStorage.setItem("daypass.device", "nö\nsense"));
  await ada.page.reload();
  await ada.seesNothingOf("#known-device");
  await ada.signsIn();
});

scene("the page does not contain the device token, and curl commands use a variable", async (ada) => {
  await devicesAreKnown(ada);
  const first = await brought(ada, "POST", "/api/users", () => ada.signsUp());
  await ada.at("#end .sign-out").click();
  await ada.sees("#account-outcome", "Signed out.");
  const second = await brought(ada, "POST", "/api/sessions", () => ada.signsIn());
  await ada.hasAllAnswers();
  const page = await ada.page.evaluate(() => document.documentElement.outerHTML);
  for (const token of [first, second]) {
    assert.ok(!page.includes(token), "a device token is in the page");
    assert.match(page, new RegExp(`daypass-device: ${token.slice(0, 12)}…${token.slice(-6)}`, "i"));
  }
  const signIn = ada.at(".exchange").filter({ hasText: "POST /api/sessions" }).first();
  await signIn.locator("summary").click();
  await ada.photograph("device token in the record");
  await signIn.locator(".copy-curl").click();
  await ada.sees(".curl", '--header "Daypass-Device: $DEVICE"');
});
