// What asks for the present password: changing it, and deleting the account. Both end sessions everywhere.

import { forgetDevice } from "./device-token.js";
import { byId, say } from "./dom.js";
import { sayAtTheDoors } from "./exits.js";
import { clearRefusal, onSubmit, showRefusal, wireReveals } from "./form.js";
import { authorised, current, forget, onChange, signedIn } from "./session.js";
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
  byId("begin-deletion").addEventListener("click", askForConsent);
  byId("cancel-deletion").addEventListener("click", keepAccount);
  deletion.addEventListener("keydown", ({ key }) => key === "Escape" && keepAccount());
  onChange(openOrClose);
}

function openOrClose({ pass, standing, user }, before) {
  const open = standing === "accepted";
  panel.hidden = !open;
  if (pass !== before.pass) say(outcome, "");
  if (open) {
    // Password managers look for the name here; a default stays when the form is emptied.
    for (const field of panel.querySelectorAll(".holder-name")) field.defaultValue = user.username;
    byId("delete-account-question").textContent =
      `This deletes ${user.username} with all items and all sessions, and can not be undone.`;
  } else {
    // The account tells why this closed under the focus.
    if (panel.contains(document.activeElement)) byId("account-title").focus();
    empty(change);
    rest();
  }
}

async function changePassword({ currentPassword, newPassword }) {
  const answer = await authorised("PUT", "/api/users/me/password", {
    body: { currentPassword: currentPassword.value, newPassword: newPassword.value },
  });
  if (!answer.ok) return refused(change, answer);
  change.reset();
  signedIn(answer);
  say(outcome, "Your password is changed. All other sessions have ended, and this browser has a new one.", "good");
}

async function deleteAccount({ currentPassword }) {
  const { username } = current().user;
  const answer = await authorised("DELETE", "/api/users/me", { body: { currentPassword: currentPassword.value } });
  if (!answer.ok) return refused(deletion, answer);
  forget("The account was deleted in another tab.");
  forgetDevice();
  sayAtTheDoors(`The account ${username} is deleted, with its items and sessions.`, "good");
}

// A refused token has closed the panel, and the account says why.
function refused(form, answer) {
  if (!panel.hidden) showRefusal(form, answer);
}

function askForConsent() {
  deletion.hidden = false;
  byId("before-deletion").hidden = true;
  deletion.elements.currentPassword.focus();
}

function keepAccount() {
  // Too late to take it back.
  if (deletion.getAttribute("aria-busy") === "true") return;
  rest();
  byId("begin-deletion").focus();
}

function rest() {
  empty(deletion);
  deletion.hidden = true;
  byId("before-deletion").hidden = false;
}

function empty(form) {
  form.reset();
  clearRefusal(form);
}
