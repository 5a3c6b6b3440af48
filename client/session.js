// The session as this browser knows it: what carries it, the token or a cookie, and what the server last said about it.

import { keepDevice } from "./device-token.js";
import { exchange } from "./exchange.js";
import { takeApart } from "./jwt.js";
import { store, stored } from "./storage.js";

const TOKEN = "daypass.token";
// No secret: the id of the session whose token is in the cookie. The cookie itself no script can see.
const BY_COOKIE = "daypass.session";
// Stands there instead while the server has not yet taken back the cookie of somebody who signed out.
const LEAVING = "leaving";
// Brings a token that takes the place of the one that was sent, where sessions are renewed by use.
const RENEWED = "Daypass-Session-Token";

const CURRENT = "/api/sessions/current";

// pass: names what is held, another with each sign-in; standing: "none" | "asking" | "accepted" | "refused" |
// "unanswered"; anonymous: whether a cookie carries the session of nobody; news: what another tab did
const NOBODY = {
  carrier: null, token: null, pass: null, standing: "none", user: null, session: null, expiresIn: null, problem: null,
  anonymous: false, news: "",
};

// Tells the other tabs why the session is gone. The storage event tells them that it is, also where there is no channel.
const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel("daypass") : null;

let held = NOBODY;
let departure = null;
const listeners = [];

export const current = () => held;

const byToken = (token) => ({ ...NOBODY, carrier: "bearer", token, pass: token });
const byCookie = (sid) => ({ ...NOBODY, carrier: "cookie", pass: sid });

export function onChange(listener) {
  listeners.push(listener);
}

/** Takes up what this browser kept, and from then on whatever its other tabs do with it. */
export function start() {
  window.addEventListener("storage", ({ key }) => {
    // A null key means the whole storage was cleared.
    if ([TOKEN, BY_COOKIE, null].includes(key)) follow();
  });
  channel?.addEventListener("message", ({ data }) => hear(data));
  // A page brought back by the back button slept through the storage events.
  window.addEventListener("pageshow", ({ persisted }) => persisted && follow());
  become(kept());
  if (held.pass) return check();
  return stored(BY_COOKIE) === LEAVING ? leave() : findOut();
}

/** Credentials as sign-up, sign-in and a new password are answered with: accepted already, no need to ask. */
export function signedIn({ headers, body: { sessionToken, user, session, expiresIn } }) {
  keepDevice(headers);
  const carried = sessionToken ? byToken(sessionToken) : byCookie(session.id);
  become(keep({ ...carried, standing: "accepted", user, session, expiresIn }));
}

/** Holds a token brought from elsewhere and asks the server about it. A cookie would stay behind, so it goes first. */
export async function hold(token) {
  if (held.carrier === "cookie") await signOut();
  become(keep(byToken(token)));
  return check();
}

/** Lets go of the session, here and in the other tabs; there, `news` says why. */
export function forget(news) {
  const sid = sidOf(held);
  become(keep(NOBODY));
  channel?.postMessage({ sid, news });
}

/**
 * Ends the session. What carries it leaves this browser first, whatever becomes of the request. That one goes out even
 * if the page is closed meanwhile, and its answer says whether the server knows.
 */
export function signOut() {
  const { token, carrier } = held;
  forget("Signed out in another tab.");
  return carrier === "cookie" ? leave() : exchange("DELETE", CURRENT, { token, keepalive: true });
}

/** Resolves when no sign-out is on its way any more, which would take a newer cookie with it. */
export const departed = async () => { await departure; };

export function renamed(user) {
  become({ ...held, user });
}

export async function check() {
  const { pass } = held;
  if (!pass) return;
  become({ ...held, standing: "asking" });
  const answer = await authorised("GET", CURRENT);
  if (answer.ok) settle(pass, { standing: "accepted", ...answer.body, problem: null });
  else if (answer.status !== 401) settle(pass, { standing: "unanswered", problem: answer.problem });
}

/** Whether the server left the cookie it refused: it may be good there later, or on another replica. */
export const isLeft = ({ code }) => ["not_yet_valid", "unknown_key"].includes(code);

/** One exchange in the name of the session. A 401 is news about it, whatever was asked. */
export async function authorised(method, path, options) {
  const { token, pass, carrier } = held;
  const answer = await exchange(method, path, { ...options, token, cookie: carrier === "cookie" });
  const renewed = answer.headers.get(RENEWED);
  if (answer.status === 401) {
    // Other cookies that are refused are taken back by the server.
    if (carrier === "cookie" && pass === held.pass && !isLeft(answer.problem)) store(BY_COOKIE, null);
    settle(pass, { standing: "refused", problem: answer.problem });
  } else if (renewed && token && pass === held.pass) {
    become(keep({ ...held, token: renewed }));
  }
  return answer;
}

/**
 * One exchange that takes no user: in the name of the session or, where there is none, of an anonymous one, which
 * begins by cookie with the first that is written.
 */
export async function visiting(method, path, options) {
  // The server may keep them in a cookie of their own, also where the session travels in the header.
  if (held.pass) return authorised(method, path, { ...options, cookies: true });
  await departed();
  if (stored(BY_COOKIE) === LEAVING) {
    // The cookie of somebody who has signed out must not speak for whoever comes next.
    const told = await leave();
    if (stored(BY_COOKIE) === LEAVING) return told;
  }
  let { anonymous } = held;
  let answer = await exchange(method, path, { ...options, cookie: anonymous });
  if (answer.status === 401) {
    anonymous = false;
    if (isLeft(answer.problem)) await leave();
    answer = await exchange(method, path, { ...options, remark: "Again, without the cookie that was just taken back." });
  }
  anonymous ||= answer.ok && (["PUT", "POST"].includes(method) || answer.body?.items?.length > 0);
  if (!held.pass && anonymous !== held.anonymous) become({ ...held, anonymous });
  return answer;
}

/** Asks whether there is a session cookie that nothing here knows of. */
async function findOut() {
  const remark = "Does this browser hold a session cookie? No script can see, so the page asks.";
  const answer = await exchange("GET", CURRENT, { remark });
  if (held.pass) return;
  if (answer.ok) become(keep({ ...byCookie(answer.body.session.id), standing: "accepted", ...answer.body }));
  else if (answer.problem.code === "anonymous") become({ ...held, anonymous: true });
}

/** Gives the cookie back: no script can delete it. Until the server has answered, that is still to be done. */
function leave() {
  store(BY_COOKIE, LEAVING);
  departure ??= exchange("DELETE", CURRENT, { cookie: true, keepalive: true }).then((answer) => {
    departure = null;
    if ((answer.ok || answer.status === 401) && stored(BY_COOKIE) === LEAVING) store(BY_COOKIE, null);
    return answer;
  });
  return departure;
}

// An answer may arrive after the session was replaced; it says nothing about the new one.
function settle(pass, change) {
  if (pass === held.pass) become({ ...held, ...change });
}

function follow() {
  const next = kept();
  if (next.pass === held.pass || (next.token && next.token === held.token)) return;
  // Another tab has received a newer token of the same session.
  if (next.token && held.token && sidOf(next) && sidOf(next) === sidOf(held)) return become({ ...held, token: next.token });
  become(next);
  check();
}

// What is heard is not passed on: the tab that let go has told all others.
function hear({ sid, news }) {
  // Who has signed in anew meanwhile holds another session, and keeps it.
  if (held.pass && sidOf(held) !== sid) return;
  become({ ...NOBODY, news });
}

const sidOf = ({ carrier, token, pass }) => (carrier === "cookie" ? pass : takeApart(token ?? "").claims?.sid);

function become(next) {
  const before = held;
  held = next;
  for (const listener of listeners) listener(held, before);
}

function kept() {
  const token = stored(TOKEN);
  const sid = stored(BY_COOKIE);
  if (token) return byToken(token);
  return sid && sid !== LEAVING ? byCookie(sid) : NOBODY;
}

function keep(next) {
  store(TOKEN, next.token);
  store(BY_COOKIE, next.carrier === "cookie" ? next.pass : null);
  return next;
}
