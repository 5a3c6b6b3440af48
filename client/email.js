// The e-mail address of the user: setting, confirming and removing it.

import { confirmation } from "./confirmation.js";
import { byId, say } from "./dom.js";
import { sendCode } from "./email-link.js";
import { empty, onSubmit, showErrors, wireReveals } from "./form.js";
import { authorised, checkQuietly, onChange } from "./session.js";

const PATH = "/api/users/me/email";

const outcome = byId("email-outcome");
const confirming = byId("confirm-email");
const change = byId("change-email");
const removal = byId("remove-email");

export const onItsWay = (address) => `A message is on its way to ${address}.`;

export function openEmail() {
  for (const form of [change, removal]) wireReveals(form);
  onSubmit(change, changeAddress);
  onSubmit(confirming, confirmAddress);
  onSubmit(removal, removeAddress);
  onChange(render);
}

function render({ credential, state, user }, before) {
  if (credential !== before.credential) say(outcome, "");
  if (state === "accepted") showAddress(user);
  else for (const form of [confirming, change, removal]) empty(form);
}

function showAddress({ email, emailVerified, pendingEmail }) {
  const described = `${email}, ${emailVerified ? "verified" : "not verified"}.`;
  byId("email-address").textContent = email ? described : "You have no e-mail address.";
  byId("email-pending").textContent = pendingEmail ? `${pendingEmail} replaces it when you confirm it.` : "";
  confirming.hidden = !email || (emailVerified && !pendingEmail);
  removal.hidden = !email;
  for (const form of [confirming, removal]) {
    if (form.hidden && form.contains(document.activeElement)) byId("email-title").focus();
  }
}

async function changeAddress(fields) {
  const address = fields.email.value.trim();
  const answer = await authorised("PUT", PATH, { body: { email: address, ...confirmation(fields) } });
  if (!answer.ok) return showErrors(change, answer);
  change.reset();
  say(outcome, onItsWay(address), "good");
  await checkQuietly();
}

async function confirmAddress({ code }) {
  const answer = await sendCode(code.value);
  if (!answer.ok) return showErrors(confirming, answer);
  confirming.reset();
  say(outcome, `${answer.body.email} is verified.`, "good");
}

async function removeAddress(fields) {
  const answer = await authorised("DELETE", PATH, { body: confirmation(fields) });
  if (!answer.ok) return showErrors(removal, answer);
  removal.reset();
  say(outcome, "The e-mail address is removed.", "good");
  await checkQuietly();
}
