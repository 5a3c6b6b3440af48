// The links that confirm or restore an e-mail address. The page sends the code only when the user presses the button,
// because mail scanners open links and run scripts.

import { byId, say } from "./dom.js";
import { exchange } from "./exchange.js";
import { clearErrors, onSubmit, showErrors } from "./form.js";
import { onLink } from "./link.js";
import { checkQuietly, current } from "./session.js";

const LINKS = {
  "verify-email": {
    title: "Confirm your e-mail address",
    hint: "The account then uses the address to which the message was sent.",
    button: "Confirm this address",
    done: (email) => `${email} is verified.`,
  },
  "restore-email": {
    title: "Restore your e-mail address",
    hint: "The account then uses the address to which the message was sent. All sessions of the account end, and its " +
      "password and its identities at providers are removed. The address gets another message, with which you can set a " +
      "new password.",
    button: "Restore this address",
    done: (email) => `${email} is restored. All sessions of the account have ended. A message with which you can set a new ` +
      "password was sent to this address.",
  },
};

const panel = byId("email-link");
const title = byId("email-link-title");
const form = byId("email-link-form");
const outcome = byId("email-link-outcome");

let link = null;
let code = null;

export function openEmailLinks() {
  for (const [name, each] of Object.entries(LINKS)) onLink(name, (found) => show(each, found));
  onSubmit(form, send);
  byId("dismiss-email-link").addEventListener("click", dismiss);
}

function show(opened, found) {
  link = opened;
  code = found;
  title.textContent = link.title;
  byId("email-link-hint").textContent = link.hint;
  form.querySelector("button").textContent = link.button;
  clearErrors(form);
  say(outcome, "");
  showPanel(true);
}

function showPanel(isOpen) {
  panel.hidden = false;
  for (const part of [form, byId("email-link-hint")]) part.hidden = !isOpen;
  title.focus();
}

async function send() {
  const answer = await sendCode(code);
  if (!answer.ok) return showErrors(form, answer);
  code = null;
  say(outcome, link.done(answer.body.email), "good");
  showPanel(false);
}

function dismiss() {
  code = null;
  panel.hidden = true;
  byId("account-title").focus();
}

/** Sends the code of a message. It may change the address of the signed-in user, or end the session. */
export async function sendCode(text) {
  const answer = await exchange("POST", "/api/email-verifications", { body: { code: text }, cookies: false });
  if (answer.ok && current().credential) checkQuietly();
  return answer;
}
