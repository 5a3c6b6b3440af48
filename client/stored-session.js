// What the browser stores of its session: the token or, if that is in a cookie, the id of the session.

import { decode } from "./jwt.js";
import { store, stored } from "./storage.js";

const TOKEN = "daypass.token";
// The id of the session whose token is in the cookie. Not a secret.
export const BY_COOKIE = "daypass.session";
// Stored instead of the id after a sign-out, until the server has cleared the cookie.
export const CLEARING = "signing-out";

// credential: the token at the sign-in or the session id, different after each sign-in; state: "none" | "loading" |
// "accepted" | "rejected" | "unverified"; anonymous: whether there is a cookie of an anonymous session; notice: what
// another tab did; ended: `{token, username}` of the session that was signed out here last, whose token is null if it
// was in a cookie
export const NO_SESSION = {
  carrier: null, token: null, credential: null, state: "none", user: null, session: null, expiresIn: null, problem: null,
  anonymous: false, notice: "", ended: null,
};

export const byToken = (token) => ({ ...NO_SESSION, carrier: "bearer", token, credential: token });
export const byCookie = (sid) => ({ ...NO_SESSION, carrier: "cookie", credential: sid });

export const sidOf = ({ carrier, token, credential }) => (carrier === "cookie" ? credential : decode(token ?? "").claims?.sid);

export function restored() {
  const token = stored(TOKEN);
  const sid = stored(BY_COOKIE);
  if (token) return byToken(token);
  return sid && sid !== CLEARING ? byCookie(sid) : NO_SESSION;
}

export function persist(next) {
  store(TOKEN, next.token);
  store(BY_COOKIE, next.carrier === "cookie" ? next.credential : null);
  return next;
}

/** Calls `changed` when another tab has stored another session. */
export function onStored(changed) {
  // A null key means that the storage was cleared.
  window.addEventListener("storage", ({ key }) => [TOKEN, BY_COOKIE, null].includes(key) && changed());
}
