// The account panel: sign-up, sign-in and changing the username. Sign-out is in sign-out.js.

import { deviceToken } from "./device-token.js";
import { byId, localMinute, say } from "./dom.js";
import { exchange } from "./exchange.js";
import { onSubmit, showErrors, wireReveals } from "./form.js";
import { reason } from "./glossary.js";
import { authorised, check, signOutDone, keepsCookie, onChange, renamed, signedIn } from "./session.js";
import { wireStrength } from "./strength-hint.js";

const title = byId("account-title");
const forms = [byId("sign-up"), byId("sign-in")];
const outcome = byId("account-outcome");
const keepVariables = byId("keep-variables");

export function openAccount() {
  wireCredentials(byId("sign-up"), "/api/users", ({ username }) => `Signed up as ${username}.`);
  wireCredentials(byId("sign-in"), "/api/sessions", ({ username }) => `Signed in as ${username}.`, deviceToken);
  wireStrength(byId("sign-up"));
  for (const choice of document.querySelectorAll("[name=credentials]")) choice.addEventListener("change", () => chooseForm(choice.value));
  openRename(byId("rename-user"));
  byId("ask-again").addEventListener("click", check);
  onChange(render);
}

function wireCredentials(form, path, welcome, device = () => null) {
  wireReveals(form);
  onSubmit(form, async ({ username, password }) => {
    await signOutDone();
    const answer = await exchange("POST", path, {
      body: { username: username.value, password: password.value, ...sessionOptions() },
      device: device(),
    });
    if (!answer.ok) return showErrors(form, answer);
    for (const each of forms) each.reset();
    keepVariables.checked = false;
    signedIn(answer);
    say(outcome, welcome(answer.body.user), "good");
    title.focus();
  });
}

/** Shows one of the two forms. What was typed into the other one stays. */
export function chooseForm(id) {
  const [shown, other] = forms.toSorted((form) => (form.id === id ? -1 : 1));
  byId(`choose-${id}-label`).firstElementChild.checked = true;
  if (!shown.hidden) return;
  for (const name of ["username", "password"]) {
    if (shown.elements[name].value === "") shown.elements[name].value = other.elements[name].value;
  }
  shown.hidden = false;
  other.hidden = true;
}

/** The session options that differ from the server's defaults. */
function sessionOptions() {
  const carrier = document.querySelector("#session-options [name=carrier]:checked").value;
  const keep = keepVariables.checked && !byId("keep-variables-field").hidden;
  return { ...(carrier !== "bearer" && { carrier }), ...(keep && { keepVariables: true }) };
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
  byId("credentials").hidden = known || state === "loading";
  byId("token-problem").hidden = !unusable;
  byId("end").hidden = !known;
  byId("nothing-to-end").hidden = known;
  // A user who had a session has an account.
  if (!known && before.credential && credential !== before.credential) chooseForm("sign-in");
  if (unusable && state !== before.state) chooseForm("sign-in");
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
