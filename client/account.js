// Who you are: signing up, signing in, changing the username. The ways out are exits.js's.

import { deviceToken } from "./device-token.js";
import { byId, localMinute, say } from "./dom.js";
import { exchange } from "./exchange.js";
import { onSubmit, showRefusal, wireReveals } from "./form.js";
import { reason } from "./glossary.js";
import { authorised, check, onChange, renamed, signedIn } from "./session.js";
import { wireStrength } from "./strength-hint.js";

const title = byId("account-title");
const outcome = byId("account-outcome");

export function openAccount() {
  openDoor(byId("sign-up"), "/api/users", ({ username }) => `Signed up and signed in as ${username}.`);
  openDoor(byId("sign-in"), "/api/sessions", ({ username }) => `Signed in as ${username}.`, deviceToken);
  wireStrength(byId("sign-up"));
  openRename(byId("rename-user"));
  byId("ask-again").addEventListener("click", check);
  onChange(render);
}

function openDoor(form, path, welcome, device = () => null) {
  wireReveals(form);
  onSubmit(form, async ({ username, password }) => {
    const answer = await exchange("POST", path, {
      body: { username: username.value, password: password.value },
      device: device(),
    });
    if (!answer.ok) return showRefusal(form, answer);
    form.reset();
    signedIn(answer);
    say(outcome, welcome(answer.body.user), "good");
    title.focus();
  });
}

function openRename(form) {
  onSubmit(form, async ({ username }) => {
    const answer = await authorised("PATCH", "/api/users/me", { body: { username: username.value } });
    if (!answer.ok) return showRefusal(form, answer);
    form.reset();
    renamed(answer.body);
    say(outcome, `Your username is ${answer.body.username} now.`, "good");
  });
}

function render({ standing, token, user, session, problem, news }, before) {
  const known = standing === "accepted";
  const stranded = standing === "refused" || standing === "unanswered";

  // What was said in good days would contradict a refusal.
  if (stranded || token !== before.token || news !== before.news) say(outcome, news);
  title.textContent = "Sign up or sign in";
  if (known) title.textContent = `You are ${user.username}`;
  if (standing === "asking") title.textContent = "One moment";
  byId("who").hidden = !known;
  byId("doors").hidden = known || standing === "asking";
  byId("stranded").hidden = !stranded;
  if (known) {
    byId("who-id").textContent = `number ${user.id}`;
    byId("who-since").textContent = localMinute(new Date(user.createdAt));
    byId("who-began").textContent = localMinute(new Date(session.createdAt));
  }
  if (stranded) {
    // A refused token has no session that could still be ended.
    byId("stranded-sign-out").hidden = standing === "refused";
    byId("stranded-reason").textContent = standing === "refused"
      ? `This browser holds a token that was refused: ${problem.code}. ${reason(problem)}`
      : `This browser holds a token, but nobody could say whether it is good. ${reason(problem)}`;
  }
  // What held the focus may just have gone, and the title says what came instead.
  const focused = document.activeElement;
  if (focused.closest("[hidden]") && focused.closest("section")?.contains(title)) title.focus();
}
