// The session of this browser: its transport (token or cookie) and its status according to the server.

import { keepDevice } from "./device-token.js";
import { exchange } from "./exchange.js";
import { decode } from "./jwt.js";
import { store, stored } from "./storage.js";

const TOKEN = "daypass.token";
// The id of the session whose token is in the cookie. Not a secret.
const BY_COOKIE = "daypass.session";
// Stored instead of the id after a sign-out, until the server has cleared the cookie.
const CLEARING = "signing-out";
// A response header with a renewed token, if the server has rolling sessions.
const RENEWED = "Daypass-Session-Token";

const CURRENT = "/api/sessions/current";

// credential: the token or session id, different after each sign-in; state: "none" | "loading" | "accepted" | "rejected" |
// "unverified"; anonymous: whether there is a cookie of an anonymous session; notice: what another tab did; ended: `{token, username}` of
// the session that was signed out here last, whose token is null if it was in a cookie
const NO_SESSION = {
  carrier: null, token: null, credential: null, state: "none", user: null, session: null, expiresIn: null, problem: null,
  anonymous: false, notice: "", ended: null,
};

// Sends the reason of a sign-out to the other tabs. They learn of the sign-out itself from the storage event.
const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel("daypass") : null;

let held = NO_SESSION;
let pendingSignOut = null;
const listeners = [];

export const current = () => held;

const byToken = (token) => ({ ...NO_SESSION, carrier: "bearer", token, credential: token });
const byCookie = (sid) => ({ ...NO_SESSION, carrier: "cookie", credential: sid });

export function onChange(listener) {
  listeners.push(listener);
}

/** Restores the stored session and follows changes in other tabs. */
export function start() {
  window.addEventListener("storage", ({ key }) => {
    // A null key means that the storage was cleared.
    if ([TOKEN, BY_COOKIE, null].includes(key)) follow();
  });
  channel?.addEventListener("message", ({ data }) => onMessage(data));
  // A page restored by the back button has missed storage events.
  window.addEventListener("pageshow", ({ persisted }) => persisted && follow());
  update(restored());
  if (held.credential) return check();
  return stored(BY_COOKIE) === CLEARING ? clearCookie() : findCookie();
}

/** Uses the response of a sign-up, a sign-in or a password change as the new session. */
export function signedIn({ headers, body: { sessionToken, user, session, expiresIn } }) {
  keepDevice(headers);
  const carried = sessionToken ? byToken(sessionToken) : byCookie(session.id);
  update(persist({ ...carried, state: "accepted", user, session, expiresIn }));
}

/** Uses a pasted token and verifies it. A session cookie is signed out first, because it would remain. */
export async function replaceToken(token) {
  if (held.carrier === "cookie") await signOut();
  update(persist(byToken(token)));
  return check();
}

/** Deletes the session from this browser. The other tabs show `notice`. The token is shown as ended if it `hasEnded`. */
export function discard(notice, { hasEnded = false } = {}) {
  const { credential, token, user } = held;
  const sid = sidOf(held);
  const ended = hasEnded && credential ? { token, username: user?.username } : null;
  update(persist({ ...NO_SESSION, ended }));
  channel?.postMessage({ sid, notice });
}

/**
 * Ends the session. Deletes it from this browser first, even if the request fails. The request is sent even if the page
 * is closed, and its response says whether the server ended the session.
 */
export function signOut() {
  const { token, carrier } = held;
  discard("Signed out in another tab.", { hasEnded: true });
  return carrier === "cookie" ? clearCookie() : exchange("DELETE", CURRENT, { token, keepalive: true });
}

/** Resolves when no sign-out is pending. A pending sign-out would clear a newer cookie. */
export const signOutDone = async () => { await pendingSignOut; };

export function dismissEnded() {
  update({ ...held, ended: null });
}

export function renamed(user) {
  update({ ...held, user });
}

export async function check() {
  const { credential } = held;
  if (!credential) return;
  update({ ...held, state: "loading" });
  const answer = await authorised("GET", CURRENT);
  if (answer.ok) updateIfCurrent(credential, { state: "accepted", ...answer.body, problem: null });
  else if (answer.status !== 401) updateIfCurrent(credential, { state: "unverified", problem: answer.problem });
}

/** Asks about the session without showing that the page asks. A rejection changes the state. */
export const checkQuietly = () => authorised("GET", CURRENT, { refresh: true });

/** Whether the server did not clear a rejected cookie, because it may update valid later or on another replica. */
export const keepsCookie = ({ code }) => ["not_yet_valid", "unknown_key"].includes(code);

/** Sends a request with the session. A 401 changes the status of the session. */
export async function authorised(method, path, options) {
  const { token, credential, carrier } = held;
  const answer = await exchange(method, path, { ...options, token, cookie: carrier === "cookie" });
  const renewed = answer.headers.get(RENEWED);
  if (answer.status === 401) {
    // The server has cleared the rejected cookie.
    if (carrier === "cookie" && credential === held.credential && !keepsCookie(answer.problem)) store(BY_COOKIE, null);
    updateIfCurrent(credential, { state: "rejected", problem: answer.problem });
  } else if (renewed && token && credential === held.credential) {
    update(persist({ ...held, token: renewed }));
  }
  return answer;
}

/**
 * Sends a request that needs no user: with the session or, if there is none, with an anonymous session. The first write
 * starts the anonymous session and sets its cookie.
 */
export async function authorisedOrAnonymous(method, path, options) {
  // The server may store variables in a cookie, also if the token is sent in the header.
  if (held.credential) return authorised(method, path, { ...options, cookies: true });
  await signOutDone();
  if (stored(BY_COOKIE) === CLEARING) {
    // The cookie of a signed-out session must not be sent with the next user's requests.
    const answer = await clearCookie();
    if (stored(BY_COOKIE) === CLEARING) return answer;
  }
  let { anonymous } = held;
  let answer = await exchange(method, path, { ...options, cookie: anonymous, expected: [401] });
  if (answer.status === 401) {
    anonymous = false;
    if (keepsCookie(answer.problem)) await clearCookie();
    answer = await exchange(method, path, { ...options, remark: "Retry without the cookie, which the server has cleared." });
  }
  anonymous ||= answer.ok && (["PUT", "POST"].includes(method) || answer.body?.items?.length > 0);
  if (!held.credential && anonymous !== held.anonymous) update({ ...held, anonymous });
  return answer;
}

/** Asks the server whether there is a session cookie that this page has not stored. */
async function findCookie() {
  const remark = "Is there a session cookie? Scripts cannot see it, so the page asks the server.";
  const answer = await exchange("GET", CURRENT, { remark, expected: [401] });
  if (held.credential) return;
  if (answer.ok) update(persist({ ...byCookie(answer.body.session.id), state: "accepted", ...answer.body }));
  else if (answer.problem.code === "anonymous") update({ ...held, anonymous: true });
}

/** Asks the server to clear the cookie, because no script can delete it. Stays pending until the server responds. */
function clearCookie() {
  store(BY_COOKIE, CLEARING);
  pendingSignOut ??= exchange("DELETE", CURRENT, { cookie: true, keepalive: true }).then((answer) => {
    pendingSignOut = null;
    if ((answer.ok || answer.status === 401) && stored(BY_COOKIE) === CLEARING) store(BY_COOKIE, null);
    return answer;
  });
  return pendingSignOut;
}

// A response may arrive after the session was replaced. It must not change the new one.
function updateIfCurrent(credential, change) {
  if (credential === held.credential) update({ ...held, ...change });
}

function follow() {
  const next = restored();
  if (next.credential === held.credential || (next.token && next.token === held.token)) return;
  // Another tab has received a newer token of the same session.
  if (next.token && held.token && sidOf(next) && sidOf(next) === sidOf(held)) return update({ ...held, token: next.token });
  update(next);
  check();
}

// Not passed on: the first tab has notified all others.
function onMessage({ sid, notice }) {
  // A sign-in meanwhile has started another session, which stays.
  if (held.credential && sidOf(held) !== sid) return;
  update({ ...NO_SESSION, notice });
}

const sidOf = ({ carrier, token, credential }) => (carrier === "cookie" ? credential : decode(token ?? "").claims?.sid);

function update(next) {
  const before = held;
  held = next;
  for (const listener of listeners) listener(held, before);
}

function restored() {
  const token = stored(TOKEN);
  const sid = stored(BY_COOKIE);
  if (token) return byToken(token);
  return sid && sid !== CLEARING ? byCookie(sid) : NO_SESSION;
}

function persist(next) {
  store(TOKEN, next.token);
  store(BY_COOKIE, next.carrier === "cookie" ? next.credential : null);
  return next;
}
