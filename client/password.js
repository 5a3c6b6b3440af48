// Changing the password and deleting the account. Both end all sessions. Users without a password can set one.

import { confirmation, hasPassword } from "./confirmation.js";
import { forgetDevice } from "./device-token.js";
import { byId, say } from "./dom.js";
import { showSignedOut } from "./sign-out.js";
import { empty, onSubmit, showErrors, wireReveals } from "./form.js";
import { authorised, current, discard, onChange, signedIn } from "./session.js";
import { wireStrength } from "./strength-hint.js";

const panel = byId("password-panel");
const outcome = byId("password-outcome");
const change = byId("change-password");
const deletion = byId("delete-account");

export function openPassword() {
  for (const form of [change, deletion]) wireReveals(form);
  wireStrength(change);
  onSubmit(change, changePassword);
  onSubmit(deletion, deleteAccount);
  byId("begin-deletion").addEventListener("click", askForConfirmation);
  byId("cancel-deletion").addEventListener("click", keepAccount);
  deletion.addEventListener("keydown", ({ key }) => key === "Escape" && keepAccount());
  onChange(openOrClose);
}

function openOrClose({ credential, state, user }, before) {
  const open = state === "accepted";
  panel.hidden = !open;
  byId("password-closed").hidden = open;
  if (credential !== before.credential) say(outcome, "");
  if (open) {
    nameChange();
    // Password managers read the username here. A default value survives a form reset.
    for (const field of panel.querySelectorAll(".holder-name")) field.defaultValue = user.username;
    byId("delete-account-question").textContent =
      `This deletes ${user.username} with all items and all sessions, and cannot be undone.`;
  } else {
    // The account panel says why this panel closed.
    if (panel.contains(document.activeElement)) byId("account-title").focus();
    empty(change);
    rest();
  }
}

function nameChange() {
  const name = hasPassword() ? "Change the password" : "Set a password";
  byId("change-password-title").textContent = name;
  change.querySelector(".primary").textContent = name;
}

async function changePassword(fields) {
  const done = hasPassword() ? "Your password is changed." : "Your password is set.";
  const answer = await authorised("PUT", "/api/users/me/password", {
    body: { ...confirmation(fields), newPassword: fields.newPassword.value },
  });
  if (!answer.ok) return showErrors(change, answer);
  change.reset();
  signedIn(answer);
  say(outcome, `${done} All other sessions have ended. This browser has a new session.`, "good");
}

async function deleteAccount(fields) {
  const { username } = current().user;
  const answer = await authorised("DELETE", "/api/users/me", { body: confirmation(fields) });
  if (!answer.ok) return showErrors(deletion, answer);
  discard("The account was deleted in another tab.", { hasEnded: true });
  forgetDevice();
  showSignedOut(`The account ${username} is deleted, with its items and sessions.`, "good");
}

function askForConfirmation() {
  deletion.hidden = false;
  byId("before-deletion").hidden = true;
  (hasPassword() ? deletion.elements.currentPassword : deletion.querySelector(".danger")).focus();
}

function keepAccount() {
  // The request has already been sent.
  if (deletion.getAttribute("aria-busy") === "true") return;
  rest();
  byId("begin-deletion").focus();
}

function rest() {
  empty(deletion);
  deletion.hidden = true;
  byId("before-deletion").hidden = false;
}
