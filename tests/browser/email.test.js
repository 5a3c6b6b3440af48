import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { PHONE, fitsTheScreen, leavesNoTrace, hidesFromHistory, opens } from "./links.js";
import { MAILER_TO_FOLDER, messagesOf, signsUpWithEmail } from "./mail.js";
import { scene } from "./person.js";
import { startService } from "./service.js";

const [service, silent] = await Promise.all([startService(MAILER_TO_FOLDER), startService({ MAILER: "none" })]);
const { address } = service;
const nextMessage = messagesOf(service);

async function setsAddress(person, email) {
  await person.sends("#change-email", { email, currentPassword: person.password });
  await person.sees("#email-outcome[data-tone=good]", `A message is on its way to ${email}.`);
}

async function pressesLink(person) {
  await person.at("#email-link-form .primary").click();
}

/** The user as the server sees it. */
async function userOf(person) {
  const answer = await fetch(`${address}/api/users/me`, { headers: { Authorization: `Bearer ${await person.token()}` } });
  assert.equal(answer.status, 200);
  return answer.json();
}

scene("the link of a message verifies an address on a phone", { address, viewport: PHONE }, async (ada) => {
  const email = `${ada.username}@example.com`;
  await ada.signsUp();
  await ada.sees("#email-address", "You have no e-mail address.");
  await ada.seesNothingOf("#confirm-email");
  await ada.seesNothingOf("#remove-email");
  await setsAddress(ada, email);
  await ada.sees("#email-address", `${email}, not verified.`);
  const { link, code, subject } = await nextMessage(email);
  assert.equal(subject, "Confirm your e-mail address for Daypass");

  await opens(ada, link);
  await ada.sees("#email-link-title", "Confirm your e-mail address");
  await ada.sees("#email-link-form .primary", "Confirm this address");
  await hidesFromHistory(ada, code);
  await fitsTheScreen(ada);
  await ada.photograph("confirm an address on a phone");
  await ada.hasAllAnswers();
  assert.equal((await userOf(ada)).emailVerified, false, "the page has sent the code by itself");

  await pressesLink(ada);
  await ada.sees("#email-link-outcome[data-tone=good]", `${email} is verified.`);
  await ada.hasFocusOn("#email-link-title");
  await ada.seesNothingOf("#email-link-form");
  await ada.sees("#email-address", `${email}, verified.`);
  await leavesNoTrace(ada, code);
  await fitsTheScreen(ada);
});

scene("a code can be typed in lower case", { address }, async (ada) => {
  const email = `${ada.username}@example.com`;
  await ada.signsUp();
  await setsAddress(ada, email);
  const { code } = await nextMessage(email);
  assert.match(code, /^[0-9A-Z]{8}$/);
  const typed = code.toLowerCase();
  await ada.sends("#confirm-email", { code: ` ${typed.slice(0, 4)}-${typed.slice(4)} ` });
  await ada.sees("#email-outcome[data-tone=good]", `${email} is verified.`);
  await ada.sees("#email-address", `${email}, verified.`);
  await ada.seesNothingOf("#confirm-email");
  await ada.hasFocusOn("#email-title");
  assert.match(await ada.page.content(), /"code": "•••"/);
  for (const text of [code, typed.slice(0, 4)]) await leavesNoTrace(ada, text);
  await ada.photograph("e-mail address");

  const entry = ada.at(".exchange").filter({ hasText: "POST /api/email-verifications" });
  await entry.locator("summary").click();
  await entry.locator(".copy-curl").click();
  await ada.sees(".curl", `"code":"'"$CODE"'"`);
});

scene("errors are reported at their fields", { address }, async (ada) => {
  await ada.signsUp();
  await ada.sends("#change-email", { email: "ada", currentPassword: ada.password });
  await ada.sees("#change-email-address-error", "This is not an e-mail address.");
  await ada.hasFocusOn("#change-email-address[aria-invalid=true]");
  const email = `${ada.username}@example.com`;
  await ada.sends("#change-email", { email, currentPassword: "not the password" });
  await ada.sees("#change-email-current-error", /\w/);
  await ada.hasFocusOn("#change-email-current[aria-invalid=true]");
  await setsAddress(ada, email);

  await ada.sends("#confirm-email", { code: "WRONG234" });
  await ada.sees("#confirm-email-code-error", "The code is not valid or has expired.");
  await ada.hasFocusOn("#confirm-email-code[aria-invalid=true]");
  // The list of requests still shows the name of the error.
  await ada.sees("[data-kind=rejected] .status", "403 code_invalid");
  await ada.photograph("wrong code");
  assert.deepEqual(await ada.violations(), []);
  await ada.sends("#remove-email", { currentPassword: "not the password" });
  await ada.sees("#remove-email-current-error", /\w/);
  await opens(ada, `${address}/#verify-email=WRONG234`);
  await pressesLink(ada);
  await ada.sees("#email-link-form .form-error", "The code is not valid or has expired.");
  await ada.at("#dismiss-email-link").click();
  await ada.seesNothingOf("#email-link");
  assert.equal((await userOf(ada)).emailVerified, false);
});

scene("a replaced address can be restored from its notice", { address, viewport: PHONE }, async (ada) => {
  const former = await signsUpWithEmail(ada, nextMessage);
  const laptop = await ada.signsInAtAnotherDevice();
  const other = `other-${former}`;
  await setsAddress(ada, other);
  await ada.sees("#email-address", `${former}, verified.`);
  await ada.sees("#email-pending", `${other} replaces it when you confirm it.`);
  await ada.sends("#confirm-email", { code: (await nextMessage(other)).code });
  await ada.sees("#email-address", `${other}, verified.`);
  await ada.seesNothingOf("#email-pending");

  const notice = await nextMessage(former);
  assert.equal(notice.subject, "Your e-mail address at Daypass was changed");
  await opens(ada, notice.link);
  await ada.sees("#email-link-hint", "All sessions of the account end, and its password and its identities at providers are removed.");
  await ada.sees("#email-link-form .primary", "Restore this address");
  await hidesFromHistory(ada, notice.code);
  await fitsTheScreen(ada);
  assert.equal((await userOf(ada)).email, other);
  await pressesLink(ada);
  await ada.sees("#email-link-outcome[data-tone=good]", `${former} is restored. All sessions of the account have ended.`);
  await ada.sees("#email-link-outcome", "A message with which you can set a new password was sent to this address.");
  await ada.sees("#token-problem-text", "previous e-mail address of the account was restored");
  await ada.photograph("address restored");
  await leavesNoTrace(ada, notice.code);
  await laptop.sends("#add-item", { name: "Bread" });
  await laptop.sees("#token-problem-text", "previous e-mail address of the account was restored");

  const reset = await nextMessage(former);
  assert.equal(reset.subject, "Set a new password for Daypass");
  await opens(ada, reset.link);
  await ada.sends("#reset-password", { newPassword: "four other words here" });
  await ada.sees("#account-title", `Signed in as ${ada.username}`);
  await ada.sees("#email-address", `${former}, verified.`);
});

scene("an address can be restored without a session", { address }, async (ada) => {
  const email = await signsUpWithEmail(ada, nextMessage);
  await ada.sends("#remove-email", { currentPassword: ada.password });
  await ada.sees("#email-outcome[data-tone=good]", "The e-mail address is removed.");
  await ada.sees("#email-address", "You have no e-mail address.");
  await ada.seesNothingOf("#remove-email");
  await ada.hasFocusOn("#email-title");
  assert.equal((await userOf(ada)).email, undefined);

  await ada.at("#end .sign-out").click();
  await ada.sees("#account-outcome", "Signed out.");
  const { link } = await nextMessage(email);
  // The link is pasted into the address bar of this tab, which loads no page.
  await ada.page.evaluate((hash) => { location.hash = hash; }, new URL(link).hash);
  await ada.sees("#email-link-form .primary", "Restore this address");
  await pressesLink(ada);
  await ada.sees("#email-link-outcome", `${email} is restored.`);
  await ada.seesNothingOf("#token-problem");
  await ada.sends("#sign-in", ada.credentials);
  await ada.sees("[data-kind=rejected] .status", "401 bad_credentials");
  const reset = await nextMessage(email);
  await ada.page.evaluate((hash) => { location.hash = hash; }, new URL(reset.link).hash);
  await ada.sends("#reset-password", { newPassword: "six other quiet words here" });
  await ada.sees("#account-title", `Signed in as ${ada.username}`);
  await ada.sees("#email-address", `${email}, verified.`);
});

scene("an address that another user has verified is reported", { address }, async (ada) => {
  const email = await signsUpWithEmail(ada, nextMessage);
  await ada.at("#end .sign-out").click();
  await ada.sees("#account-outcome", "Signed out.");
  await ada.sends("#sign-up", { username: `${ada.username}-2`, password: ada.password, email });
  await ada.sees("#account-outcome", `Signed up as ${ada.username}-2. A message is on its way to ${email}.`);
  await ada.sends("#confirm-email", { code: (await nextMessage(email)).code });
  await ada.sees("#confirm-email-code-error", /\w/);
  await ada.sees("[data-kind=rejected] .status", "409 email_taken");
});

scene("sign-up takes an optional address", { address }, async (ada) => {
  await ada.sends("#sign-up", { ...ada.credentials, email: "ada@" });
  await ada.sees("#sign-up-email-error", "This is not an e-mail address.");
  await ada.hasFocusOn("#sign-up-email[aria-invalid=true]");
  const email = `${ada.username}@example.com`;
  await ada.sends("#sign-up", { email });
  await ada.sees("#account-outcome", `Signed up as ${ada.username}. A message is on its way to ${email}.`);
  await ada.sees("#email-address", `${email}, not verified.`);
  await opens(ada, (await nextMessage(email)).link);
  await pressesLink(ada);
  await ada.sees("#email-address", `${email}, verified.`);
});

scene("without outgoing mail, the page has no e-mail forms", { address: silent.address }, async (ada) => {
  await ada.sees(".exchange", "GET /api/sign-up");
  await ada.seesNothingOf("#sign-up-email");
  await ada.chooses("#sign-in");
  await ada.sees("#sign-in");
  await ada.seesNothingOf("#forgot");
  await ada.chooses("#sign-up");
  await ada.signsUp();
  await ada.sees("#no-email", "This service sends no e-mail, so you cannot set an address.");
  for (const form of ["#change-email", "#confirm-email", "#remove-email"]) await ada.seesNothingOf(form);
});

scene("without outgoing mail, an address can be removed", { address: silent.address }, async (ada) => {
  const email = `${ada.username}@example.com`;
  ada.credentials.password = await silent.run("user", "create", ada.username, "--email", email);
  await ada.signsIn();
  await ada.sees("#email-address", `${email}, verified.`);
  await ada.sees("#no-email");
  await ada.seesNothingOf("#change-email");
  await ada.sends("#remove-email", { currentPassword: ada.password });
  await ada.sees("#email-address", "You have no e-mail address.");
});

for (const carrier of ["bearer", "cookie"]) {
  scene(`the user can save all data, with the ${carrier}`, { address, viewport: PHONE }, async (ada) => {
    await ada.travelsBy(carrier);
    await ada.signsUp();
    await ada.adds("Bread");
    const [download] = await Promise.all([ada.page.waitForEvent("download"), ada.at("#export").click()]);
    assert.equal(download.suggestedFilename(), "daypass-export.json");
    const text = await readFile(await download.path(), "utf8");
    const { user, items, sessions } = JSON.parse(text);
    assert.equal(user.username, ada.username);
    assert.deepEqual(items.map(({ name }) => name), ["Bread"]);
    assert.equal(sessions.length, 1);
    assert.doesNotMatch(text, /argon2|"password/i);
    await ada.sees("#export-outcome[data-tone=good]", "Saved as daypass-export.json.");
    await fitsTheScreen(ada);
    // The list of requests does not show the data.
    const entry = ada.at(".exchange").filter({ hasText: "GET /api/users/me/export" });
    assert.equal(await entry.locator(".response .body").textContent(), "The body is not shown.");
  });
}

scene("an export that fails is reported", { address }, async (ada) => {
  await ada.signsUp();
  await ada.losesTheServer();
  await ada.at("#export").click();
  await ada.sees("#export-outcome[data-tone=bad]", "does not respond");
});
