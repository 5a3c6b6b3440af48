// The panel that explains a token. Other panels open it with the token of a rejected request.

import { byId, element, say } from "./dom.js";
import { askToExplain, explanation, noExplanation, verdictOf } from "./explanation.js";
import { clearErrors, markField, onSubmit, showErrors } from "./form.js";
import { pastedToken } from "./jwt.js";
import { current, onChange } from "./session.js";

// The address `/#explain` opens the panel, for links from the pages of errors.
const FRAGMENT = "#explain";

const panel = byId("explain");
const form = byId("explain-token");
const field = byId("explain-token-text");
const outcome = byId("explain-outcome");
const result = byId("explanation");

let latestRequest = 0;

export function openExplain() {
  onSubmit(form, explainWritten);
  window.addEventListener("hashchange", openIfAddressed);
  openIfAddressed();
  // The next user of this browser must not see the token of the last one.
  onChange(({ credential }, before) => credential !== before.credential && clear());
}

/** A button that explains this token. `which` says for screen readers which token it is. */
export function explainButton(token, which = "") {
  const button = element("button", "quiet explain-this", "Explain this token", ...(which ? [element("span", "unseen", ` ${which}`)] : []));
  button.type = "button";
  button.addEventListener("click", () => explainToken(token));
  return button;
}

function openIfAddressed() {
  if (location.hash !== FRAGMENT) return;
  open();
  field.focus();
}

function open() {
  panel.open = true;
  panel.scrollIntoView();
}

function clear() {
  latestRequest += 1;
  field.value = "";
  clearErrors(form);
  say(outcome, "");
  result.replaceChildren();
}

async function explainToken(token) {
  clear();
  open();
  field.value = token;
  await show(token);
  outcome.focus();
}

// The field is empty for the token of the session, so the page does not contain the complete token.
async function explainWritten() {
  const token = pastedToken(field.value) || current().token;
  if (token) return show(token);
  markField(form, "token", current().carrier === "cookie"
    ? "The token of this session is in a cookie, which scripts cannot read. Paste a token."
    : "Paste a token first.");
  field.focus();
}

async function show(token) {
  const request = ++latestRequest;
  say(outcome, "");
  result.replaceChildren();
  const answer = await askToExplain(token);
  if (request !== latestRequest) return;
  if (answer.status === 404) return say(outcome, noExplanation(answer), "bad");
  if (!answer.ok) return showErrors(form, answer);
  say(outcome, verdictOf(answer.body), answer.body.accepted ? "good" : "bad");
  result.replaceChildren(...explanation(answer.body));
}
