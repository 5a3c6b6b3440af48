import assert from "node:assert/strict";
import { PHONE, fitsTheScreen, hidesFromHistory, leavesNoTrace, opens } from "./links.js";
import { MAILER_TO_FOLDER, messagesOf, signsUpWithEmail } from "./mail.js";
import { scene } from "./person.js";
import { startService } from "./service.js";

const NEW_PASSWORD = "four other words here";
const DONE = "Your password is changed. All other sessions have ended. This browser has a new session.";
const REQUESTED = "If the account has a verified e-mail address, a message will be sent to it.";

const [service, closed] = await Promise.all([
  startService(MAILER_TO_FOLDER),
  startService({ MAILER: "none", SIGN_UP: "closed" }),
]);
const { address } = service;
const nextMessage = messagesOf(service);

async function signsOut(person) {
  await person.at("#end .sign-out").click();
  await person.sees("#account-outcome", "Signed out.");
}

/** Requests a message from the sign-in form. */
async function requests(person, account) {
  await person.chooses("#sign-in");
  await person.at("#forgot").click();
  await person.hasFocusOn("#forgot-account");
  await person.at("#forgot-account").fill(account);
  await person.at("#forgot-password .primary").click();
  await person.sees("#account-outcome[data-tone=good]", REQUESTED);
  await person.hasFocusOn("#reset-password-code");
}

async function setsPassword(person, newPassword = NEW_PASSWORD) {
  await person.sends("#reset-password", { newPassword });
  await person.sees("#account-outcome[data-tone=good]", DONE);
  await person.sees("#account-title", `Signed in as ${person.username}`);
  await person.seesNothingOf("#reset-password");
}

scene("a link sets a new password, also if it was opened before", { address, viewport: PHONE }, async (ada) => {
  const email = await signsUpWithEmail(ada, nextMessage);
  const laptop = await ada.signsInAtAnotherDevice();
  await signsOut(ada);
  await requests(ada, email);
  await fitsTheScreen(ada);
  await ada.photograph("code for a new password on a phone");
  const { link, code, subject } = await nextMessage(email);
  assert.equal(subject, "Set a new password for Daypass");
  for (let opened = 0; opened < 100; opened += 1) {
    const { status } = await fetch(link, { method: opened % 2 === 0 ? "GET" : "HEAD" });
    assert.equal(status, 200);
  }
  await opens(ada, link);
  await opens(ada, link);
  await ada.hasFocusOn("#reset-password-new");
  assert.equal(await ada.at("#reset-password-code").inputValue(), code);
  await hidesFromHistory(ada, code);
  await fitsTheScreen(ada);
  await ada.photograph("new password on a phone");

  await setsPassword(ada);
  await ada.hasFocusOn("#account-title");
  await ada.sees("#token-text");
  await ada.sees("#sessions-outcome", "This is your only session.");
  await leavesNoTrace(ada, code);
  const content = await ada.page.content();
  assert.ok(!content.includes(NEW_PASSWORD), "the password is in the page");
  assert.match(content, /"code": "•••",\s+"newPassword": "•••"/);
  await ada.adds("Bread");

  await laptop.sends("#add-item", { name: "Milk" });
  await laptop.sees("#token-problem-text", "revoked");
  await laptop.sends("#sign-in", laptop.credentials);
  await laptop.sees("#sign-in-password-error", /\w/);
  await laptop.sends("#sign-in", { password: NEW_PASSWORD });
  await laptop.sees("#account-title", `Signed in as ${ada.username}`);
  // The code was used.
  await opens(laptop, link);
  await laptop.sends("#reset-password", { newPassword: NEW_PASSWORD });
  await laptop.sees("#reset-password-code-error", "The code is not valid or has expired.");
  await laptop.hasFocusOn("#reset-password-code[aria-invalid=true]");
});

scene("a weak password leaves the code usable", { address }, async (ada) => {
  const email = await signsUpWithEmail(ada, nextMessage);
  await signsOut(ada);
  await requests(ada, ada.username);
  const { code } = await nextMessage(email);
  await ada.fills("#reset-password", { code: ` ${code} `, newPassword: "short" });
  await ada.sees("#reset-password-strength", "5 characters, at least 8 needed.");
  await ada.sends("#reset-password", {});
  await ada.sees("#reset-password-new-error", "Password must have at least 8 characters.");
  await ada.hasFocusOn("#reset-password-new[aria-invalid=true]");
  assert.deepEqual(await ada.violations(), []);
  await ada.photograph("weak new password");
  await setsPassword(ada);
  await leavesNoTrace(ada, code);
});

scene("the response does not reveal whether the account exists", { address }, async (ada) => {
  for (const account of [ada.username, `${ada.username}@example.com`]) {
    await requests(ada, account);
    await ada.at("#cancel-reset").click();
    await ada.hasFocusOn("#sign-in-username");
  }
  for (const [account, detail] of [["", "Username must not be empty."], ["ada@", "This is not an e-mail address."]]) {
    await ada.at("#forgot").click();
    await ada.at("#forgot-account").fill(account);
    await ada.at("#forgot-password .primary").click();
    await ada.sees("#forgot-account-error", detail);
    await ada.hasFocusOn("#forgot-account[aria-invalid=true]");
    assert.deepEqual(await ada.violations(), []);
    await ada.chooses("#sign-in");
  }
});

scene("a message can be requested with the keyboard alone", { address }, async (ada) => {
  await ada.chooses("#sign-in");
  await ada.fills("#sign-in", { username: ada.username });
  await ada.tabsTo("#forgot");
  await ada.page.keyboard.press("Enter");
  await ada.hasFocusOn("#forgot-account");
  assert.equal(await ada.at("#forgot-account").inputValue(), ada.username);
  await ada.page.keyboard.press("Enter");
  await ada.sees("#account-outcome", REQUESTED);
  // A password manager stores the new password for this account.
  assert.equal(await ada.at("#reset-password [autocomplete=username]").inputValue(), ada.username);
});

scene("the new session uses the chosen transport", { address }, async (ada) => {
  const email = await signsUpWithEmail(ada, nextMessage);
  await signsOut(ada);
  await requests(ada, email);
  const { code } = await nextMessage(email);
  await ada.travelsBy("cookie");
  await ada.fills("#reset-password", { code });
  await setsPassword(ada);
  assert.equal(await ada.token(), null);
  assert.ok((await ada.cookie()).httpOnly);
  await ada.adds("Bread");
});

scene("a signed-in user can follow the link and keeps the transport", { address, viewport: PHONE }, async (ada) => {
  const email = await signsUpWithEmail(ada, nextMessage);
  await signsOut(ada);
  await ada.travelsBy("cookie");
  await ada.signsIn();
  const { value } = await ada.cookie();
  const body = JSON.stringify({ email });
  await fetch(`${address}/api/password-resets`, { method: "POST", headers: { "Content-Type": "application/json" }, body });
  const { link } = await nextMessage(email);
  await opens(ada, link);
  await ada.sees("#account-title", `Signed in as ${ada.username}`);
  await ada.sees("#reset-password");
  await ada.seesNothingOf("#choices");
  await fitsTheScreen(ada);
  await ada.at("#cancel-reset").click();
  await ada.hasFocusOn("#account-title");
  await ada.seesNothingOf("#credentials");

  await opens(ada, link);
  await setsPassword(ada);
  await ada.seesNothingOf("#credentials");
  assert.equal(await ada.token(), null);
  assert.notEqual((await ada.cookie()).value, value);
  await ada.adds("Bread");
});

scene("a link also works in a browser whose session has ended", { address }, async (ada) => {
  const email = await signsUpWithEmail(ada, nextMessage);
  const laptop = await ada.signsInAtAnotherDevice();
  await ada.at("#sign-out-everywhere").click();
  await ada.sees("#account-outcome", "Signed out everywhere");
  await requests(ada, email);
  await opens(laptop, (await nextMessage(email)).link);
  await laptop.sees("#token-problem-text", "revoked");
  await setsPassword(laptop);
});

scene("a link of the operator needs no mail and no open sign-up", { address: closed.address }, async (ada) => {
  await closed.run("user", "create", ada.username);
  const link = await closed.run("user", "reset-link", ada.username);
  await opens(ada, link);
  await ada.sees("#sign-up-closed");
  await setsPassword(ada);
  await signsOut(ada);
  await ada.seesNothingOf("#forgot");
});
