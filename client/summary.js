// The line at the top: who is signed in with which roles, the time left, and whether the server accepts the token.

import { byId, localTime } from "./dom.js";
import { decode } from "./jwt.js";
import { onChange } from "./session.js";

const title = byId("account-title");
const roles = byId("roles");
const countdown = byId("countdown");
const lifetime = byId("lifetime");
const stamp = byId("stamp");

let timer;

export function openSummary() {
  onChange((held) => {
    title.textContent = titleOf(held);
    showRoles(held);
    tick(held);
  });
}

function titleOf({ state, user }) {
  if (state === "accepted") return `Signed in as ${user.username}`;
  return state === "loading" ? "Loading" : "Not signed in";
}

function showRoles({ state, user }) {
  roles.hidden = state !== "accepted";
  if (roles.hidden) return;
  // A replica of an older version sends no roles.
  const names = (user.roles ?? []).join(", ");
  roles.textContent = names ? `Roles: ${names}` : "No roles";
  // The line at the top has space for a few roles only.
  byId("user-roles").textContent = names || "none";
}

/** The start and the end of the token in seconds, from its claims or, for a cookie, from the session. */
function timesOf({ token, session }) {
  if (token) return decode(token).claims ?? {};
  if (!session) return {};
  return { iat: Date.parse(session.createdAt) / 1000, exp: Date.parse(session.expiresAt) / 1000 };
}

// This line uses the browser's clock. The server uses its own to accept or reject a token.
function tick(held) {
  clearTimeout(timer);
  const now = Date.now();
  const { exp, iat } = timesOf(held);
  const isTimed = Number.isFinite(exp);
  const left = isTimed ? Math.max(0, Math.floor(exp - now / 1000)) : 0;
  const total = isTimed && exp > iat ? Math.round(exp - iat) : 86_400;

  byId("summary").dataset.state = held.credential ? held.state : "none";
  countdown.textContent = isTimed ? inHours(left) : "";
  byId("time-label").parentElement.hidden = !isTimed;
  lifetime.hidden = !isTimed;
  lifetime.max = total;
  lifetime.value = Math.min(left, total);
  byId("lifetime-ends").textContent = isTimed ? `${localTime(new Date(exp * 1000))}, ${inWords(total)} after the start` : "never";

  const mark = markOf(held, isTimed && left === 0);
  stamp.hidden = mark === "";
  stamp.textContent = mark;
  if (left > 0) timer = setTimeout(() => tick(held), 1000 - (now % 1000));
}

function markOf({ state, problem, credential }, isExpired) {
  if (state === "rejected") return `rejected: ${problem.code}`;
  if (state === "unverified") return "not verified";
  return credential && isExpired ? "expired" : "";
}

function inHours(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

function inWords(seconds) {
  if (seconds % 3600 === 0) return seconds === 3600 ? "1 hour" : `${seconds / 3600} hours`;
  return inHours(seconds);
}
