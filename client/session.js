// The session as this browser knows it: the token it holds, and what the server last said about it.

import { keepDevice } from "./device-token.js";
import { exchange } from "./exchange.js";
import { takeApart } from "./jwt.js";

const KEY = "daypass.token";

// standing: "none" | "asking" | "accepted" | "refused" | "unanswered"; news: what another tab did to the token
const NOBODY = { token: null, standing: "none", user: null, session: null, problem: null, news: "" };

// Tells the other tabs why the token is gone. The storage event tells them that it is, also where there is no channel.
const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel("daypass") : null;

let held = NOBODY;
const listeners = [];

export const current = () => held;

export function onChange(listener) {
  listeners.push(listener);
}

/** Takes up the token this browser kept, and from then on whatever its other tabs do with it. */
export function start() {
  window.addEventListener("storage", ({ key }) => {
    // A null key means the whole storage was cleared.
    if (key === KEY || key === null) follow();
  });
  channel?.addEventListener("message", ({ data }) => hear(data));
  // A page brought back by the back button slept through the storage events.
  window.addEventListener("pageshow", ({ persisted }) => persisted && follow());
  become({ ...NOBODY, token: stored() });
  return check();
}

/** Credentials as sign-up, sign-in and a new password are answered with: accepted already, no need to ask. */
export function signedIn({ headers, body: { sessionToken, user, session } }) {
  keepDevice(headers);
  keep(sessionToken);
  become({ ...NOBODY, token: sessionToken, standing: "accepted", user, session });
}

/** Holds a token brought from elsewhere and asks the server about it. */
export function hold(token) {
  keep(token);
  become({ ...NOBODY, token });
  return check();
}

/** Lets go of the token, here and in the other tabs; there, `news` says why. */
export function forget(news) {
  const sid = sidOf(held.token);
  keep(null);
  become(NOBODY);
  channel?.postMessage({ sid, news });
}

/**
 * Ends the session. The token leaves this browser first, whatever becomes of the request. That one goes out even if
 * the page is closed meanwhile, and its answer says whether the server knows.
 */
export function signOut() {
  const { token } = held;
  forget("Signed out in another tab.");
  return exchange("DELETE", "/api/sessions/current", { token, keepalive: true });
}

export function renamed(user) {
  become({ ...held, user });
}

export async function check() {
  const { token } = held;
  if (!token) return;
  become({ ...held, standing: "asking" });
  const answer = await authorised("GET", "/api/sessions/current");
  if (answer.ok) settle(token, { standing: "accepted", ...answer.body, problem: null });
  else if (answer.status !== 401) settle(token, { standing: "unanswered", problem: answer.problem });
}

/** One exchange in the name of the held token. A 401 is news about the token, whatever was asked. */
export async function authorised(method, path, options) {
  const { token } = held;
  const answer = await exchange(method, path, { ...options, token });
  if (answer.status === 401) settle(token, { standing: "refused", problem: answer.problem });
  return answer;
}

// An answer may arrive after the token was replaced; it says nothing about the new one.
function settle(token, change) {
  if (token === held.token) become({ ...held, ...change });
}

function follow() {
  const token = stored();
  if (token === held.token) return;
  become({ ...NOBODY, token });
  check();
}

// What is heard is not passed on: the tab that let go has told all others.
function hear({ sid, news }) {
  // Who has signed in anew meanwhile holds another session, and keeps it.
  if (held.token && sidOf(held.token) !== sid) return;
  become({ ...NOBODY, news });
}

const sidOf = (token) => takeApart(token ?? "").claims?.sid;

function become(next) {
  const before = held;
  held = next;
  for (const listener of listeners) listener(held, before);
}

// Storage can be forbidden by the browser. The page then works without it, until it is reloaded.
function stored() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return held.token;
  }
}

function keep(token) {
  try {
    if (token) localStorage.setItem(KEY, token);
    else localStorage.removeItem(KEY);
  } catch { /* see above */ }
}
