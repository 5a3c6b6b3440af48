// The ways out: signing out, and forgetting a token. Whoever takes one stands at the doors again.

import { byId, localTime, say } from "./dom.js";
import { reason } from "./glossary.js";
import { takeApart } from "./jwt.js";
import { current, forget, signOut } from "./session.js";

const outcome = byId("account-outcome");

export function openExits() {
  for (const button of document.querySelectorAll(".sign-out")) button.addEventListener("click", signOutHere);
  for (const button of document.querySelectorAll(".forget")) {
    button.addEventListener("click", () => {
      forget("The token was forgotten in another tab.");
      sayAtTheDoors("Forgotten in this browser.");
    });
  }
}

export async function signOutHere() {
  const { token, carrier } = current();
  const answered = signOut();
  sayAtTheDoors("Signed out in this browser. The server is being told.");
  const answer = await answered;
  // Who has signed in again meanwhile has left the doors.
  if (current().pass !== null) return;
  say(outcome, ...(carrier === "cookie" ? farewellByCookie(answer) : farewell(answer, token)));
}

/** The last word to somebody who has just left; the focus goes where they would come back in. */
export function sayAtTheDoors(text, tone) {
  say(outcome, text, tone);
  byId("sign-in-username").focus();
}

function farewell({ ok, status, problem }, token) {
  if (ok) return ["Signed out. The server refuses the token from now on.", "good"];
  if (status === 401) return [`Signed out. The server refused the token already: ${problem.code}.`];
  return [
    "Signed out in this browser, but the server could not be told: " +
    `the token stays good until ${end(token)}, unless you end its session elsewhere. ${reason(problem)}`,
    "bad",
  ];
}

function farewellByCookie({ ok, status, problem }) {
  if (ok) return ["Signed out. The server refuses the token from now on, and has taken its cookie back.", "good"];
  if (status === 401) return [`Signed out. The server refused the cookie already: ${problem.code}.`];
  return [
    "Signed out in this browser, but the server could not be told, and only the server can take its cookie back: " +
    `this page asks it to when it is opened again. ${reason(problem)}`,
    "bad",
  ];
}

function end(token) {
  const exp = takeApart(token).claims?.exp;
  return Number.isFinite(exp) ? localTime(new Date(exp * 1000)) : "it expires";
}
