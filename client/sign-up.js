// Sign-up: the policy of the server, the invitation in the link, and the e-mail address.

import { chooseForm, leaveSignUp } from "./choose-form.js";
import { byId, say } from "./dom.js";
import { exchange } from "./exchange.js";
import { onLink } from "./link.js";
import { setProviders } from "./providers.js";
import { current, onChange } from "./session.js";
import { requireCharacters } from "./strength-hint.js";

const form = byId("sign-up");
const field = byId("invitation-field");
const input = byId("sign-up-invitation");

// Also used if the server does not respond: its errors then say what it needs.
let policy = "open";
// Whether the page was opened by an invitation link, until a form was sent.
let isInvited = false;

export async function openSignUp() {
  form.addEventListener("reset", () => {
    isInvited = false;
    render();
  });
  onChange(({ state }, before) => state !== before.state && sayIfSignedIn());
  onLink("invitation", useInvitation);
  const { ok, body } = await exchange("GET", "/api/sign-up", { remark: "Who may sign up?", cookies: false });
  if (!ok) return;
  policy = body.policy;
  requireCharacters(body.passwordMinLength);
  offerEmail(body.sendsEmail);
  setProviders(body.providers);
  render();
}

/** Moves the code of an invitation link into the form. */
function useInvitation(code) {
  input.value = code;
  isInvited = code !== "";
  chooseForm("sign-up");
  render();
  sayIfSignedIn();
}

function sayIfSignedIn() {
  if (!isInvited || current().state !== "accepted") return;
  say(byId("account-outcome"), "You are already signed in. To use the invitation, sign out and choose “Sign up”.");
}

function render() {
  const isClosed = policy === "closed";
  byId("sign-up-closed").hidden = !isClosed;
  byId("choose-form").hidden = isClosed;
  if (isClosed) leaveSignUp();
  byId("invitation-needed").hidden = policy !== "invited" || isInvited;
  field.hidden = policy !== "invited" && !isInvited;
  input.required = policy === "invited";
}

/** Shows what needs e-mail, if the service sends e-mail. */
function offerEmail(sendsEmail) {
  for (const part of document.querySelectorAll(".by-email")) part.hidden = !sendsEmail;
  byId("no-email").hidden = sendsEmail;
}

/** The optional members of a sign-up request that have a value. */
export function optionalMembers() {
  const members = { invitation: input.value.trim(), email: byId("sign-up-email").value.trim() };
  return Object.fromEntries(Object.entries(members).filter(([, text]) => text !== ""));
}

/** Follows a policy that has changed since the page was loaded. */
export function followPolicy({ code }) {
  if (code === "sign_up_closed") policy = "closed";
  if (code === "invitation_required") policy = "invited";
  render();
}
