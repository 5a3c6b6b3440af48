// The session as this browser knows it: the token it holds, and what the server last said about it.

import { exchange } from "./exchange.js";

const KEY = "daypass.token";

// standing: "none" | "asking" | "accepted" | "refused" | "unanswered"
const NOBODY = { token: null, standing: "none", user: null, session: null, problem: null };

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
  // A page brought back by the back button slept through the storage events.
  window.addEventListener("pageshow", ({ persisted }) => persisted && follow());
  become({ ...NOBODY, token: stored() });
  return check();
}

/** Credentials as sign-up and sign-in answer with them: accepted already, no need to ask. */
export function signedIn({ sessionToken, user, session }) {
  keep(sessionToken);
  become({ token: sessionToken, standing: "accepted", user, session, problem: null });
}

/** Holds a token brought from elsewhere and asks the server about it. */
export function hold(token) {
  keep(token);
  become({ ...NOBODY, token });
  return check();
}

export function forget() {
  keep(null);
  become(NOBODY);
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
