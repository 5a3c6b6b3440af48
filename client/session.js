// The session of this browser: its transport (token or cookie) and its status according to the server.

import { keepDevice } from "./device-token.js";
import { exchange } from "./exchange.js";
import { decode } from "./jwt.js";
import { RENEW, RENEW_OPTIONS, exchangeOrRenew, isRenewable } from "./renewal.js";
import { store, stored } from "./storage.js";
import { BY_COOKIE, CLEARING, NO_SESSION, byCookie, byToken, onStored, persist, restored, sidOf } from "./stored-session.js";

// A response header with a renewed token, if the server has rolling sessions or the roles have changed.
const RENEWED = "Daypass-Session-Token";

const CURRENT = "/api/sessions/current";

// Sends the reason of a sign-out to the other tabs. They learn of the sign-out itself from the storage event.
const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel("daypass") : null;

let held = NO_SESSION;
let pendingSignOut = null;
const listeners = [];

export const current = () => held;

export function onChange(listener) {
  listeners.push(listener);
}

/** Restores the stored session, unless a session has just begun, and follows changes in other tabs. */
export function start() {
  onStored(follow);
  channel?.addEventListener("message", ({ data }) => onMessage(data));
  // A page restored by the back button has missed storage events.
  window.addEventListener("pageshow", ({ persisted }) => persisted && follow());
  if (held.credential) return;
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
 * is closed, and its response says whether the server ended the session. With `alsoAtProvider`, the response has the
 * address where the user signs out of the provider, if there is one.
 */
export function signOut({ alsoAtProvider = false } = {}) {
  const { token, carrier } = held;
  const path = alsoAtProvider ? `${CURRENT}?provider=true` : CURRENT;
  discard("Signed out in another tab.", { hasEnded: true });
  return carrier === "cookie" ? clearCookie(path) : exchange("DELETE", path, { token, keepalive: true });
}

/** Resolves when no sign-out is pending. A pending sign-out would clear a newer cookie. */
export const signOutDone = async () => { await pendingSignOut; };

/**
 * Makes sure that the cookie of a signed-out session is cleared. Otherwise it would be sent with the next user's requests,
 * or this page would clear the next user's cookie. Returns the failed response if the server cannot be reached.
 */
export async function finishSignOut() {
  await signOutDone();
  if (stored(BY_COOKIE) !== CLEARING) return null;
  const answer = await clearCookie();
  return stored(BY_COOKIE) === CLEARING ? answer : null;
}

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
  if (answer.ok) accept(credential, answer.body);
  else if (answer.status !== 401) updateIfCurrent(credential, { state: "unverified", problem: answer.problem });
}

/** Asks about the session without showing that the page asks. A rejection changes the state. */
export async function checkQuietly() {
  const { credential } = held;
  const answer = await authorised("GET", CURRENT, { refresh: true });
  if (answer.ok) accept(credential, answer.body);
}

/** Renews the token, also if it has not expired. */
export async function renew() {
  const { credential } = held;
  const answer = await authorised("POST", RENEW, RENEW_OPTIONS);
  if (answer.ok) keepRenewed(credential, answer);
  return answer;
}

/** Whether the server did not clear a rejected cookie, because it may be valid later, on another replica or if renewed. */
export const keepsCookie = (problem) => ["not_yet_valid", "unknown_key"].includes(problem.code) || isRenewable(problem);

/** Sends a request with the session. Renews an expired token if possible. A 401 changes the status of the session. */
export async function authorised(method, path, options) {
  const { token, credential, carrier } = held;
  const request = { ...options, token, cookie: carrier === "cookie" };
  const answer = await exchangeOrRenew(method, path, request, (renewal) => keepRenewed(credential, renewal));
  const renewed = answer.headers.get(RENEWED);
  if (answer.status === 401) {
    // The server has cleared the rejected cookie.
    if (carrier === "cookie" && credential === held.credential && !keepsCookie(answer.problem)) store(BY_COOKIE, null);
    updateIfCurrent(credential, { state: "rejected", problem: answer.problem });
  } else if (renewed && token && credential === held.credential) {
    update(persist(withToken(renewed)));
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
  const failure = await finishSignOut();
  if (failure) return failure;
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
  const answer = await exchangeOrRenew("GET", CURRENT, { remark, expected: [401] });
  if (held.credential) return;
  if (answer.ok) update(persist({ ...byCookie(answer.body.session.id), state: "accepted", ...answer.body }));
  else if (answer.problem.code === "anonymous") update({ ...held, anonymous: true });
}

/** Asks the server to clear the cookie, because no script can delete it. Stays pending until the server responds. */
function clearCookie(path = CURRENT) {
  store(BY_COOKIE, CLEARING);
  pendingSignOut ??= exchange("DELETE", path, { cookie: true, keepalive: true }).then((answer) => {
    pendingSignOut = null;
    if ((answer.ok || answer.status === 401) && stored(BY_COOKIE) === CLEARING) store(BY_COOKIE, null);
    return answer;
  });
  return pendingSignOut;
}

/** Uses what the server says about the session. A sign-in at a provider may have replaced the session in the cookie. */
function accept(credential, body) {
  if (credential !== held.credential) return;
  const accepted = { ...held, state: "accepted", ...body, problem: null };
  const isReplaced = held.carrier === "cookie" && credential !== body.session.id;
  update(isReplaced ? persist({ ...accepted, credential: body.session.id }) : accepted);
}

// A response may arrive after the session was replaced. It must not change the new one.
function updateIfCurrent(credential, change) {
  if (credential === held.credential) update({ ...held, ...change });
}

/** Stores the token of a renewal. A cookie has already been replaced by the response. */
function keepRenewed(credential, { body: { sessionToken = null, user, session, expiresIn } }) {
  if (credential !== held.credential) return;
  update(persist({ ...held, token: sessionToken, state: "accepted", user, session, expiresIn, problem: null }));
}

/** The session with a newer token, whose roles may have changed. */
function withToken(token) {
  const { claims } = decode(token);
  const user = claims && held.user ? { ...held.user, roles: claims.roles ?? [] } : held.user;
  return { ...held, token, user };
}

function follow() {
  const next = restored();
  if (next.credential === held.credential || (next.token && next.token === held.token)) return;
  // Another tab has received a newer token of the same session.
  if (next.token && held.token && sidOf(next) && sidOf(next) === sidOf(held)) return update(withToken(next.token));
  update(next);
  check();
}

// Not passed on: the first tab has notified all others.
function onMessage({ sid, notice }) {
  // A sign-in meanwhile has started another session, which stays.
  if (held.credential && sidOf(held) !== sid) return;
  update({ ...NO_SESSION, notice });
}

function update(next) {
  const before = held;
  held = next;
  for (const listener of listeners) listener(held, before);
}
