// Accounts and their providers: adding and removing them, users without a password, invitations.

import assert from "node:assert/strict";
import { PHONE, fitsTheScreen, opens } from "./links.js";
import { Person, scene } from "./person.js";
import { olderToken } from "./service.js";
import { answersProvider, goesToProvider, newName, seesError, signsInAtProvider, signsOut, startLesson, userOf } from "./teaching-provider.js";

const TITLE = "the teaching provider";
const NEW_PASSWORD = "six other quiet words here";
const OLD_SIGN_IN_SECONDS = 600;

const [{ options }, invited, closed] = await Promise.all([
  startLesson(), startLesson({ SIGN_UP: "invited" }), startLesson({ SIGN_UP: "closed" }),
]);

/** Asks to add the provider. */
async function asksToAdd(person, password) {
  await person.fills("#add-identity", { currentPassword: password });
  await person.at("#add-identity-buttons button").click();
}

async function submits(person, form) {
  await person.at(`${form} button:not([type=button])`).click();
}

/** Replaces the token of the page with one whose sign-in is too old to confirm changes. */
async function waits(person) {
  await person.returnsWith(olderToken(await person.token(), OLD_SIGN_IN_SECONDS));
  await person.sees("#account-title", "Signed in as");
  await person.hasAllAnswers();
}

for (const carrier of ["bearer", "cookie"]) {
  scene(`a user with a password adds and removes a provider, ${carrier}`, { ...options, folded: true }, async (ada) => {
    const name = newName();
    await ada.travelsBy(carrier);
    await ada.signsUp();
    const { user, session } = await userOf(ada);
    await ada.at("#password-title").click();
    await ada.sees("#no-identities", "You have not added a provider.");
    await asksToAdd(ada, "not the password");
    await ada.sees("#add-identity-current-error", "The current password is wrong.");
    await asksToAdd(ada, ada.password);
    await answersProvider(ada, { name });

    // The page comes back with the same session, and shows the panel again.
    await ada.sees("#identities .session", TITLE);
    assert.equal(ada.page.url(), `${options.address}/`);
    assert.equal((await userOf(ada)).session.id, session.id);
    await ada.sees("#account-title", `Signed in as ${ada.username}`);
    await ada.seesNothingOf("#add-identity");
    await ada.hasAllAnswers();
    assert.deepEqual(await ada.violations(), []);
    await ada.photograph(`identities by ${carrier}`);

    await signsOut(ada);
    await ada.travelsBy(carrier);
    await signsInAtProvider(ada, { name });
    assert.equal((await userOf(ada)).user.id, user.id);

    await ada.at("#password-title").click();
    await ada.at("#identities .end").click();
    await ada.sees("#remove-identity-question", `Remove ${TITLE}? You can then no longer sign in with it. Other sessions with it end.`);
    await ada.hasFocusOn("#remove-identity-current");
    await ada.sends("#remove-identity", { currentPassword: "not the password" });
    await ada.sees("#remove-identity-current-error", "The current password is wrong.");
    await ada.sends("#remove-identity", { currentPassword: ada.password });
    await ada.sees("#identities-outcome[data-tone=good]", `${TITLE} is removed.`);
    await ada.hasFocusOn("#identities-title");
    await ada.sees("#no-identities");
    await signsOut(ada);
    await signsInAtProvider(ada, { name });
    assert.notEqual((await userOf(ada)).user.id, user.id, "the identity does not lead to the account any more");
  });
}

scene("an identity of another account cannot be added", options, async (ada) => {
  const name = newName();
  await signsInAtProvider(ada, { name });
  await signsOut(ada);
  await ada.signsUp();
  await asksToAdd(ada, ada.password);
  await answersProvider(ada, { name });
  await seesError(ada, 409, "identity_taken");
  await ada.page.getByText("Back").click();
  await ada.sees("#account-title", `Signed in as ${ada.username}`);
  await ada.sees("#no-identities");
});

scene("a removal ends the sessions of the identity in other browsers", options, async (ada) => {
  const name = newName();
  await ada.signsUp();
  await asksToAdd(ada, ada.password);
  await answersProvider(ada, { name });
  await ada.sees("#identities .session", TITLE);
  const phone = await Person.arrive({ ...options, viewport: PHONE }, ada);
  ada.devices.push(phone);
  await signsInAtProvider(phone, { name });
  await ada.at("#refresh-sessions").click();
  await ada.sees("#sessions-outcome", "2 sessions");
  await ada.sees(".session .session-device", `with ${TITLE}`);
  await ada.at("#identities .end").click();
  await ada.sends("#remove-identity", { currentPassword: ada.password });
  await ada.sees("#sessions-outcome", "This is your only session.");
  await phone.at("#refresh-sessions").click();
  await phone.sees("#token-problem-text", "The session ended when its identity was removed from the account.");
});

scene("a removal can be cancelled", options, async (ada) => {
  await ada.signsUp();
  await asksToAdd(ada, ada.password);
  await answersProvider(ada, { name: newName() });
  await ada.at("#identities .end").click();
  await ada.hasFocusOn("#remove-identity-current");
  await ada.page.keyboard.press("Escape");
  await ada.hasFocusOn("#identities .end");
  await ada.seesNothingOf("#remove-identity");
});

for (const carrier of ["bearer", "cookie"]) {
  scene(`a user without a password sets one, ${carrier}`, { ...options, viewport: PHONE }, async (ada) => {
    const name = newName();
    await ada.travelsBy(carrier);
    await signsInAtProvider(ada, { name });
    await ada.sees(".no-password", "Your account has no password.");
    await ada.sees("#change-password-title", "Set a password");
    for (const form of ["change-password", "change-email", "add-identity"]) await ada.seesNothingOf(`#${form}-current`);
    await fitsTheScreen(ada);
    await ada.photograph(`no password by ${carrier}`);

    await ada.at("#identities .end").click();
    await ada.hasFocusOn("#remove-identity .danger");
    await submits(ada, "#remove-identity");
    await ada.sees("#remove-identity .form-error", "This is your only way to sign in. Set a password first.");
    await ada.at("#cancel-removal").click();

    const { user } = await userOf(ada);
    await ada.sends("#change-password", { newPassword: NEW_PASSWORD });
    await ada.sees("#password-outcome[data-tone=good]", "Your password is set.");
    await ada.sees("#change-password-title", "Change the password");
    await ada.sees("#change-password-current");
    await ada.seesNothingOf(".no-password");
    await ada.seesNothingOf("#signed-in-with");

    await signsOut(ada);
    ada.credentials = { username: name, password: NEW_PASSWORD };
    await ada.travelsBy(carrier);
    await ada.signsIn();
    assert.equal((await userOf(ada)).user.id, user.id);
    await ada.at("#identities .end").click();
    await ada.sends("#remove-identity", { currentPassword: NEW_PASSWORD });
    await ada.sees("#no-identities");
  });
}

scene("a user without a password sets an address and deletes the account", options, async (ada) => {
  const name = newName();
  await signsInAtProvider(ada, { name });
  await ada.sends("#change-email", { email: `${name}@example.com` });
  await ada.sees("#email-outcome[data-tone=good]", `A message is on its way to ${name}@example.com.`);
  await ada.seesNothingOf("#remove-email-current");
  await submits(ada, "#remove-email");
  await ada.sees("#email-outcome[data-tone=good]", "The e-mail address is removed.");
  const { user } = await userOf(ada);
  await ada.at("#begin-deletion").click();
  await ada.hasFocusOn("#delete-account .danger");
  await ada.seesNothingOf("#delete-account-current");
  await submits(ada, "#delete-account");
  await ada.sees("#account-outcome[data-tone=good]", `The account ${name} is deleted`);
  await signsInAtProvider(ada, { name });
  assert.notEqual((await userOf(ada)).user.id, user.id);
});

scene("with an old sign-in, the user signs in again", options, async (ada) => {
  const name = newName();
  await signsInAtProvider(ada, { name });
  await waits(ada);
  const former = await ada.token();
  await ada.at("#begin-deletion").click();
  await submits(ada, "#delete-account");
  await ada.sees("#delete-account .form-error", "Sign in again, and repeat this within five minutes.");
  await ada.sends("#change-password", { newPassword: NEW_PASSWORD });
  await ada.sees("#change-password .form-error", "Sign in again, and repeat this within five minutes.");
  await ada.photograph("sign in again");
  assert.deepEqual(await ada.violations(), []);

  const asked = ada.page.waitForRequest((request) => request.url().includes("/authorize?"));
  await ada.at("#change-password .sign-in-again").click();
  assert.equal(new URL((await asked).url()).searchParams.get("max_age"), "0");
  await answersProvider(ada, { name });
  await ada.sees("#account-title", `Signed in as ${name}`);
  const { status } = await fetch(`${options.address}/api/verify`, { headers: { Authorization: `Bearer ${former}` } });
  assert.equal(status, 401, "the new session replaces the old one");
  await ada.sends("#change-password", { newPassword: NEW_PASSWORD });
  await ada.sees("#password-outcome[data-tone=good]", "Your password is set.");
});

scene("another tab follows when the cookie gets another session", options, async (ada) => {
  await ada.travelsBy("cookie");
  await signsInAtProvider(ada, { name: newName() });
  const first = ada.page;
  const second = await ada.openTab();
  await ada.turnsTo(second);
  const name = newName();
  await ada.at("#start-lesson").click();
  await answersProvider(ada, { name });
  await ada.sees("#account-title", `Signed in as ${name}`);
  await ada.turnsTo(first);
  await ada.sees("#account-title", `Signed in as ${name}`);
});

scene("an invitation creates an account at the provider", { ...invited.options, viewport: PHONE }, async (ada) => {
  const link = await invited.run("invite", "create", "--role", "editor");
  const name = newName();
  await goesToProvider(ada, { name });
  await seesError(ada, 403, "invitation_required");

  await opens(ada, link.replace("127.0.0.1", "localhost"));
  await ada.sees("#providers");
  await fitsTheScreen(ada);
  await ada.photograph("invitation with a provider");
  const request = ada.page.waitForRequest((sent) => sent.url().includes("/start?"));
  await ada.at("#provider-buttons button").click();
  assert.ok(!(await request).url().includes(link.split("=")[1]), "the code of the invitation is in an address");
  await answersProvider(ada, { name });
  await ada.sees("#account-title", `Signed in as ${name}`);
  await ada.sees("#roles", "Roles: editor");
  await signsOut(ada);
  await ada.page.reload();
  // An account needs no further invitation.
  await signsInAtProvider(ada, { name });
});

scene("with closed sign-up, only existing users sign in", closed.options, async (ada) => {
  const name = newName();
  ada.credentials.password = await closed.run("user", "create", ada.username);
  await ada.sees("#sign-up-closed");
  await goesToProvider(ada, { name });
  await seesError(ada, 403, "sign_up_closed");
  await ada.page.getByText("Back").click();
  await ada.sees("#sign-up-closed");
  await ada.fills("#sign-in", ada.credentials);
  await submits(ada, "#sign-in");
  await ada.sees("#account-title", `Signed in as ${ada.username}`);
  await asksToAdd(ada, ada.password);
  await answersProvider(ada, { name });
  await ada.sees("#identities .session", TITLE);
  await signsOut(ada);
  await signsInAtProvider(ada, { name });
  await ada.sees("#account-title", `Signed in as ${ada.username}`);
});

scene("a cookie that was not cleared does not end the next session", options, async (ada) => {
  await ada.signsUpByCookie();
  await ada.losesTheServer();
  await ada.at("#end .sign-out").click();
  await ada.sees("#account-outcome[data-tone=bad]", "Only the server can delete the cookie");
  await ada.at("#provider-buttons button").click();
  await ada.sees("#account-outcome[data-tone=bad]", "does not respond");
  await ada.findsTheServerAgain();
  const name = newName();
  await ada.travelsBy("cookie");
  await signsInAtProvider(ada, { name });
  await ada.page.reload();
  await ada.sees("#account-title", `Signed in as ${name}`);
});
