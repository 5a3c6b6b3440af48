// The account panel: sign-up, sign-in and changing the username. Sign-out is in sign-out.js.

import { leaveSignUp, openChoice, showForms } from "./choose-form.js";
import { deviceToken } from "./device-token.js";
import { byId, localMinute, say } from "./dom.js";
import { onItsWay } from "./email.js";
import { exchange } from "./exchange.js";
import { onSubmit, showErrors, wireReveals } from "./form.js";
import { reason } from "./glossary.js";
import { authorised, check, current, signOutDone, keepsCookie, onChange, renamed, signedIn } from "./session.js";
import { followPolicy, optionalMembers } from "./sign-up.js";
import { wireStrength } from "./strength-hint.js";

const title = byId("account-title");
const forms = [byId("sign-up"), byId("sign-in")];
const outcome = byId("account-outcome");
const keepVariables = byId("keep-variables");

export function openAccount() {
  wireCredentials(byId("sign-up"), "/api/users", {
    welcome: ({ username, email }) => `Signed up as ${username}.${email ? ` ${onItsWay(email)}` : ""}`,
    members: optionalMembers,
    onError: followPolicy,
  });
  wireCredentials(byId("sign-in"), "/api/sessions", {
    welcome: ({ username }) => `Signed in as ${username}.`,
    device: deviceToken,
  });
  wireStrength(byId("sign-up"));
  openChoice();
  openRename(byId("rename-user"));
  byId("ask-again").addEventListener("click", check);
  onChange(render);
}

/** `members` are further members of the body, `onError` gets the problem of a failed request. */
function wireCredentials(form, path, { welcome, members = () => ({}), device = () => null, onError = () => {} }) {
  wireReveals(form);
  onSubmit(form, async ({ username, password }) => {
    await signOutDone();
    const answer = await exchange("POST", path, {
      body: { username: username.value, password: password.value, ...members(), ...sessionOptions() },
      device: device(),
    });
    if (!answer.ok) {
      onError(answer.problem);
      return showErrors(form, answer);
    }
    startSession(answer, welcome(answer.body.user));
  });
}

/** Starts the session of a response, empties the forms and shows the message. */
export function startSession(answer, message) {
  for (const form of forms) form.reset();
  keepVariables.checked = false;
  signedIn(answer);
  say(outcome, message, "good");
  title.focus();
}

/** The session options that differ from the server's defaults. */
function sessionOptions() {
  const keep = keepVariables.checked && !byId("keep-variables-field").hidden;
  return { ...transport(), ...(keep && { keepVariables: true }) };
}

/** The chosen transport. A session that replaces another one keeps its transport. */
export function transport() {
  const { state, carrier: present } = current();
  const chosen = document.querySelector("#session-options [name=carrier]:checked").value;
  const carrier = state === "accepted" ? present : chosen;
  return carrier === "bearer" ? {} : { carrier };
}

function openRename(form) {
  onSubmit(form, async ({ username }) => {
    const answer = await authorised("PATCH", "/api/users/me", { body: { username: username.value } });
    if (!answer.ok) return showErrors(form, answer);
    form.reset();
    renamed(answer.body);
    say(outcome, `Your username is now ${answer.body.username}.`, "good");
  });
}

function render(held, before) {
  const { state, credential, user, session, notice, carrier } = held;
  const known = state === "accepted";
  const unusable = state === "rejected" || state === "unverified";

  // A rejection makes the previous message wrong.
  if (unusable || credential !== before.credential || notice !== before.notice) say(outcome, notice);
  byId("signed-in").hidden = !known;
  showForms();
  byId("token-problem").hidden = !unusable;
  byId("end").hidden = !known;
  byId("nothing-to-end").hidden = known;
  // A user who had a session has an account.
  if (!known && before.credential && credential !== before.credential) leaveSignUp();
  if (unusable && state !== before.state) leaveSignUp();
  if (known) {
    byId("user-id").textContent = `${user.username}, number ${user.id}`;
    byId("signed-up-at").textContent = localMinute(new Date(user.createdAt));
    byId("signed-in-at").textContent = localMinute(new Date(session.createdAt));
  }
  // No script can delete an HttpOnly cookie, so signing out is the only way.
  for (const way of document.querySelectorAll(".by-token")) way.hidden = carrier === "cookie";
  if (unusable) showUnverified(held);
  // The focused element may just have been hidden. The title says what replaced it.
  const parts = ["token-problem", "credentials", "signed-in", "end"].map(byId);
  if (parts.some((part) => part.hidden && part.contains(document.activeElement))) title.focus();
}

function showUnverified({ carrier, state, problem }) {
  const rejected = state === "rejected";
  const cookie = carrier === "cookie";
  const left = rejected && cookie && keepsCookie(problem);
  // A rejected token has no session to end, and the server has cleared most rejected cookies.
  byId("problem-sign-out").hidden = rejected && !left;
  byId("ask-again").hidden = rejected && cookie && !left;
  const what = cookie ? "a session cookie" : "a token";
  let message = `This browser has ${what}, but the server could not verify it.`;
  if (rejected) message = `The token in this browser was rejected: ${problem.code}.`;
  const next = left ? "Sign out to delete the cookie" : "The cookie was deleted";
  if (rejected && cookie) message = `The session cookie was rejected: ${problem.code}. ${next}.`;
  byId("token-problem-text").textContent = `${message} ${reason(problem)}`;
}
