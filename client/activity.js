// The user's recent activity: the events that the server recorded for the account.

import { deviceOf } from "./device.js";
import { byId, element, localMinute, onPress, say } from "./dom.js";
import { ERRORS, reason } from "./glossary.js";
import { authorised, onChange } from "./session.js";

const PATH = "/api/users/me/events";
const PAGE = 20;

const KINDS = {
  __proto__: null,
  sign_up: "Signed up",
  sign_in: "Signed in",
  sign_in_failed: "Sign-in failed",
  password_check_failed: "Wrong current password",
  token_refused: "Session token rejected",
  sign_out: "Signed out",
  sign_out_everywhere: "Signed out everywhere",
  session_ended: "Ended another session",
  provider_sign_out: "Signed out at the provider",
  password_changed: "Changed the password",
  password_reset_requested: "Requested a password reset",
  password_reset_sent: "Code for a password reset was sent",
  reset_link_created: "Link for a password reset was created",
  password_reset: "Reset the password",
  email_change_requested: "Requested a new e-mail address",
  email_verified: "Verified the e-mail address",
  email_changed: "Set the e-mail address",
  email_removed: "Removed the e-mail address",
  email_restored: "Restored the previous e-mail address",
  username_changed: "Changed the username",
  roles_changed: "Roles were changed",
  identity_added: "Added a provider",
  identity_removed: "Removed a provider",
  account_disabled: "Account was disabled",
  account_enabled: "Account was enabled",
  user_created: "Account was created",
  token_issued: "An operator issued a token for you",
  users_imported: "Account was imported",
  invitation_created: "Created an invitation",
  invitation_used: "Used an invitation",
};

const panel = byId("activity-panel");
const list = byId("activity");
const outcome = byId("activity-outcome");
const more = byId("more-activity");

let nextCursor = null;
let latestRequest = 0;
let isLoaded = false;

export function openActivity() {
  onPress(byId("refresh-activity"), () => load());
  onPress(more, () => load(nextCursor));
  panel.addEventListener("toggle", loadOnce);
  onChange(openOrClose);
}

function openOrClose({ credential, state }, before) {
  const isOpen = state === "accepted";
  const isSameSession = credential === before.credential && before.state === "accepted";
  if (isOpen && isSameSession) return;
  // The account panel says why this panel closed.
  if (!isOpen && panel.contains(document.activeElement)) byId("account-title").focus();
  panel.hidden = !isOpen;
  isLoaded = false;
  latestRequest += 1;
  list.replaceChildren();
  more.hidden = true;
  say(outcome, "");
  loadOnce();
}

/** Loads the list when the user first looks at it, because most users do not. */
function loadOnce() {
  if (panel.hidden || !panel.open || isLoaded) return;
  load(null, { refresh: true });
}

/** Loads the first page, or the next page with a cursor. */
async function load(cursor = null, options = {}) {
  isLoaded = true;
  const request = ++latestRequest;
  const query = new URLSearchParams({ limit: PAGE, ...(cursor && { cursor }) });
  const answer = await authorised("GET", `${PATH}?${query}`, { ...options, expected: [404] });
  if (request !== latestRequest) return;
  // A replica of an older version has no events.
  if (answer.status === 404) panel.hidden = true;
  if (!answer.ok) return say(outcome, reason(answer.problem), "bad");
  const rows = answer.body.items.map(row);
  if (cursor) list.append(...rows);
  else list.replaceChildren(...rows);
  nextCursor = answer.body.nextCursor ?? null;
  more.hidden = nextCursor === null;
  // The focused button may just have been hidden.
  if (cursor) rows[0]?.focus();
  const { length } = list.children;
  say(outcome, length === 0 ? "No activity." : `${length === 1 ? "1 event" : `${length} events`}, newest first.`);
}

function row({ details, ...event }) {
  const { kind, at, actor, userAgent, network, count = 1, reason: cause, provider, roles } = { ...event, ...details };
  const time = element("time", "", localMinute(new Date(at)));
  time.dateTime = at;
  const device = element("span", "", actor === "operator" ? "the operator of this service" : deviceOf(userAgent));
  device.title = userAgent ?? "";
  const facts = [
    ...(provider ? [`with ${provider}`] : []),
    ...(cause ? [ERRORS[cause] ?? inWords(cause)] : []),
    ...(roles ? [`roles: ${roles.join(", ") || "none"}`] : []),
    ...(count > 1 ? [`${count} times`] : []),
  ];
  const entry = element("li", "activity",
    element("p", "", element("strong", "", KINDS[kind] ?? inWords(kind)), ...(facts.length ? [`: ${facts.join(", ")}`] : [])),
    element("p", "hint", time, ", ", device, ...(network ? [`, network ${network}`] : [])));
  entry.tabIndex = -1;
  return entry;
}

/** For example "Password changed" for `password_changed`. */
function inWords(code) {
  const text = code.replaceAll("_", " ");
  return text[0].toUpperCase() + text.slice(1);
}
