// Sign-out, also at the provider of the session, and deleting the token without signing out. They show the sign-in form again.

import { chooseForm } from "./choose-form.js";
import { byId, localTime, say } from "./dom.js";
import { reason } from "./glossary.js";
import { decode } from "./jwt.js";
import { titleElement, titleOf } from "./providers.js";
import { current, discard, onChange, signOut } from "./session.js";

const outcome = byId("account-outcome");
const atProvider = byId("sign-out-at-provider");

export function openSignOut() {
  for (const button of document.querySelectorAll(".sign-out")) button.addEventListener("click", () => signOutHere());
  atProvider.addEventListener("click", signOutAtProvider);
  onChange(({ state, session }) => offerProvider(state === "accepted" ? session.provider : undefined));
  for (const button of document.querySelectorAll(".delete-token")) {
    button.addEventListener("click", () => {
      discard("The token was deleted in another tab.");
      showSignedOut("Token deleted from this browser.");
    });
  }
}

function offerProvider(provider) {
  for (const part of document.querySelectorAll(".by-provider")) part.hidden = !provider;
  if (provider) atProvider.replaceChildren("Sign out, also at ", titleElement(provider));
}

/** The provider asks whether the user wants to sign out there, so the page goes there. */
async function signOutAtProvider() {
  const title = titleOf(current().session.provider);
  const answer = await signOutHere({ alsoAtProvider: true });
  if (!answer.ok || current().credential !== null) return;
  const url = answer.body?.signOutUrl;
  if (url) return location.assign(url);
  say(outcome, `Signed out here. ${title} has no address for signing out there.`, "good");
}

export async function signOutHere(options) {
  const { token, carrier } = current();
  const answered = signOut(options);
  showSignedOut("Signed out in this browser. Waiting for the server.");
  const answer = await answered;
  // The user may have signed in again meanwhile.
  if (current().credential !== null) return answer;
  say(outcome, ...(carrier === "cookie" ? cookieSignOutMessage(answer) : signOutMessage(answer, token)));
  return answer;
}

/** Shows the outcome of a sign-out and moves the focus to the sign-in form. */
export function showSignedOut(text, tone) {
  say(outcome, text, tone);
  chooseForm("sign-in");
  byId("sign-in-username").focus();
}

function signOutMessage({ ok, status, problem }, token) {
  if (ok) return ["Signed out. The server now rejects the token.", "good"];
  if (status === 401) return [`Signed out. The token was already rejected: ${problem.code}.`];
  return [
    "Signed out in this browser, but the server did not confirm it. " +
    `The token stays valid until ${end(token)}, unless you end its session elsewhere. ${reason(problem)}`,
    "bad",
  ];
}

function cookieSignOutMessage({ ok, status, problem }) {
  if (ok) return ["Signed out. The server now rejects the token and deleted the cookie.", "good"];
  if (status === 401) return [`Signed out. The cookie was already rejected: ${problem.code}.`];
  return [
    "Signed out in this browser, but the server did not confirm it. Only the server can delete the cookie. " +
    `This page tries again the next time you open it. ${reason(problem)}`,
    "bad",
  ];
}

function end(token) {
  const exp = decode(token).claims?.exp;
  return Number.isFinite(exp) ? localTime(new Date(exp * 1000)) : "it expires";
}
