// Who you are: signing up, signing in, changing the username. The ways out are exits.js's.

import { deviceToken } from "./device-token.js";
import { byId, localMinute, say } from "./dom.js";
import { exchange } from "./exchange.js";
import { onSubmit, showRefusal, wireReveals } from "./form.js";
import { reason } from "./glossary.js";
import { authorised, check, departed, isLeft, onChange, renamed, signedIn } from "./session.js";
import { wireStrength } from "./strength-hint.js";

const title = byId("account-title");
const outcome = byId("account-outcome");
const keepVariables = byId("keep-variables");

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
    await departed();
    const answer = await exchange("POST", path, {
      body: { username: username.value, password: password.value, ...terms() },
      device: device(),
    });
    if (!answer.ok) return showRefusal(form, answer);
    form.reset();
    keepVariables.checked = false;
    signedIn(answer);
    say(outcome, welcome(answer.body.user), "good");
    title.focus();
  });
}

/** How the session is to begin, where that is not as the server does it by itself. */
function terms() {
  const carrier = document.querySelector("#terms [name=carrier]:checked").value;
  const keep = keepVariables.checked && !byId("keep-variables-field").hidden;
  return { ...(carrier !== "bearer" && { carrier }), ...(keep && { keepVariables: true }) };
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

function render(held, before) {
  const { standing, pass, user, session, news, carrier } = held;
  const known = standing === "accepted";
  const stranded = standing === "refused" || standing === "unanswered";

  // What was said in good days would contradict a refusal.
  if (stranded || pass !== before.pass || news !== before.news) say(outcome, news);
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
  // No script can delete a cookie of this kind: what is left is to sign out.
  for (const way of document.querySelectorAll(".by-token")) way.hidden = carrier === "cookie";
  if (stranded) tellTheStranded(held);
  // What held the focus may just have gone, and the title says what came instead.
  const focused = document.activeElement;
  if (focused.closest("[hidden]") && focused.closest("section")?.contains(title)) title.focus();
}

function tellTheStranded({ carrier, standing, problem }) {
  const refused = standing === "refused";
  const cookie = carrier === "cookie";
  const left = refused && cookie && isLeft(problem);
  // What was refused has no session that could still be ended, and most cookies the server has taken back.
  byId("stranded-sign-out").hidden = refused && !left;
  byId("ask-again").hidden = refused && cookie && !left;
  const what = cookie ? "a session cookie" : "a token";
  let told = `This browser holds ${what}, but nobody could say whether it is good.`;
  if (refused) told = `This browser holds a token that was refused: ${problem.code}.`;
  const fate = left ? "Sign out to be rid of it" : "The cookie is gone";
  if (refused && cookie) told = `The session of this browser’s cookie was refused: ${problem.code}. ${fate}.`;
  byId("stranded-reason").textContent = `${told} ${reason(problem)}`;
}
