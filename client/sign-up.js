// Sign-up: the policy of the server, and the invitation in the link.

import { chooseForm } from "./choose-form.js";
import { byId, say } from "./dom.js";
import { exchange } from "./exchange.js";
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
  window.addEventListener("hashchange", takeInvitation);
  form.addEventListener("reset", () => {
    isInvited = false;
    render();
  });
  onChange(({ state }, before) => state !== before.state && sayIfSignedIn());
  takeInvitation();
  const { ok, body } = await exchange("GET", "/api/sign-up", { remark: "Who may sign up?", cookies: false });
  if (!ok) return;
  policy = body.policy;
  requireCharacters(body.passwordMinLength);
  render();
}

/** Moves the code of an invitation link into the form. The code must not stay in the address bar and the history. */
function takeInvitation() {
  const code = new URLSearchParams(location.hash.slice(1)).get("invitation");
  if (code === null) return;
  history.replaceState(history.state, "", location.pathname + location.search);
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
  if (isClosed) chooseForm("sign-in");
  byId("invitation-needed").hidden = policy !== "invited" || isInvited;
  field.hidden = policy !== "invited" && !isInvited;
  input.required = policy === "invited";
}

/** The member `invitation` of a sign-up request, if there is a code. */
export function invitation() {
  const code = input.value.trim();
  return code === "" ? {} : { invitation: code };
}

/** Follows a policy that has changed since the page was loaded. */
export function followPolicy({ code }) {
  if (code === "sign_up_closed") policy = "closed";
  if (code === "invitation_required") policy = "invited";
  render();
}
