// A forgotten password: requesting a message with a code, and setting a new password with the code.

import { startSession, transport } from "./account.js";
import { chooseForm } from "./choose-form.js";
import { byId, say } from "./dom.js";
import { exchange } from "./exchange.js";
import { empty, onSubmit, showErrors, values, wireReveals } from "./form.js";
import { onLink } from "./link.js";
import { current, signOutDone } from "./session.js";
import { wireStrength } from "./strength-hint.js";

const PATH = "/api/password-resets";

const request = byId("forgot-password");
const account = byId("forgot-account");
const reset = byId("reset-password");
const { code: codeField, newPassword: passwordField } = reset.elements;

export function openPasswordReset() {
  wireReveals(reset);
  wireStrength(reset);
  onSubmit(request, requestCode);
  onSubmit(reset, setPassword);
  byId("forgot").addEventListener("click", () => show("forgot-password", account));
  byId("enter-code").addEventListener("click", () => askForCode(""));
  byId("cancel-reset").addEventListener("click", cancel);
  onLink("reset", useLink);
}

function show(form, field) {
  chooseForm(form);
  field.focus();
}

async function requestCode() {
  // The server reports errors at the member that was sent.
  account.name = account.value.includes("@") ? "email" : "username";
  const answer = await exchange("POST", PATH, { body: values(request), cookies: false });
  if (!answer.ok) return showErrors(request, answer);
  const name = account.value;
  request.reset();
  askForCode(name);
  say(byId("account-outcome"), answer.body.message, "good");
}

/** Shows the form for the code. Password managers store the name with the new password. */
function askForCode(name) {
  empty(reset);
  byId("reset-password-username").value = name;
  show("reset-password", codeField);
}

function useLink(code) {
  empty(reset);
  codeField.value = code;
  show("reset-password", passwordField);
}

async function setPassword() {
  await signOutDone();
  const body = { code: codeField.value.trim(), newPassword: passwordField.value, ...transport() };
  const answer = await exchange("PUT", PATH, { body, cookie: current().carrier === "cookie" });
  if (!answer.ok) return showErrors(reset, answer);
  reset.reset();
  chooseForm("sign-in");
  startSession(answer, "Your password is changed. All other sessions have ended. This browser has a new session.");
}

function cancel() {
  empty(reset);
  chooseForm("sign-in");
  byId(current().state === "accepted" ? "account-title" : "sign-in-username").focus();
}
