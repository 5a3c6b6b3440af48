// Notices within seconds that the session was ended elsewhere or that the roles have changed. It reads the public list of
// revocations, which renews no session, and asks about the session only if the list mentions it or its user.

import { exchange } from "./exchange.js";
import { decode } from "./jwt.js";
import { checkQuietly, current, onChange } from "./session.js";

const INTERVAL_MS = 2_000;

let cursor = null;
let generation = null;
let timer;

export function watchSession() {
  onChange(({ state }, before) => {
    if ((state === "accepted") !== (before.state === "accepted")) schedule();
  });
  document.addEventListener("visibilitychange", () => {
    schedule();
    // For example in the morning. The request renews the token, if the session continues.
    if (isWatching() && hasExpired(current())) checkQuietly();
  });
}

const isWatching = () => current().state === "accepted" && document.visibilityState === "visible";

const hasExpired = ({ token }) => token !== null && decode(token).claims?.exp * 1000 <= Date.now();

function schedule() {
  clearTimeout(timer);
  if (isWatching()) timer = setTimeout(look, INTERVAL_MS);
}

async function look() {
  const path = cursor === null ? "/api/revocations" : `/api/revocations?since=${encodeURIComponent(cursor)}`;
  const { ok, body } = await exchange("GET", path, { refresh: true, cookies: false });
  if (ok) {
    const isOther = generation !== null && generation !== body.generation;
    cursor = isOther ? null : body.cursor;
    generation = body.generation;
    if (current().state === "accepted" && (isOther || mentions(body, current()))) await checkQuietly();
    if (body.more) return look();
  } else {
    cursor = null;
  }
  schedule();
}

function mentions({ revocations, users, roleChanges = [] }, { user, session }) {
  const isOfSession = ({ userId, before, exceptSessionId }) => (
    userId === user.id && exceptSessionId !== session.id && session.createdAt < before);
  return revocations.some(({ sessionId }) => sessionId === session.id) || users.some(isOfSession)
    || roleChanges.some(({ userId }) => userId === user.id);
}
