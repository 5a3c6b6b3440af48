// The list of the user's sessions and devices. Ends one session, all others, or all.

import { deviceOf } from "./device.js";
import { byId, element, localMinute, onPress, say } from "./dom.js";
import { showSignedOut, signOutHere } from "./sign-out.js";
import { reason } from "./glossary.js";
import { titleElement } from "./providers.js";
import { authorised, discard, onChange } from "./session.js";

const ALONE = "This is your only session.";

const panel = byId("sessions-panel");
const list = byId("sessions");
const outcome = byId("sessions-outcome");
const endOthersButton = byId("end-others");

let latestRequest = 0;

export function openSessions() {
  onPress(byId("refresh-sessions"), () => loadSessions());
  onPress(endOthersButton, endOthers);
  onPress(byId("sign-out-everywhere"), signOutEverywhere);
  onChange(openOrClose);
}

function openOrClose({ credential, state }, before) {
  const open = state === "accepted";
  panel.hidden = !open;
  const sameSession = credential === before.credential && before.state === "accepted";
  if (open && sameSession) return;
  // The account panel says why this panel closed.
  if (!open && panel.contains(document.activeElement)) byId("account-title").focus();
  list.replaceChildren();
  endOthersButton.hidden = true;
  say(outcome, "");
  if (open) loadSessions({ refresh: true });
}

export async function loadSessions(options) {
  const request = ++latestRequest;
  const answer = await authorised("GET", "/api/sessions", options);
  if (request !== latestRequest) return;
  if (!answer.ok) return say(outcome, reason(answer.problem), "bad");
  list.replaceChildren(...answer.body.items.map(row));
  count();
}

/** Shows the number of sessions, after a message about the last action. */
function count(done = "") {
  const others = list.querySelectorAll(".session:not(.current)").length;
  endOthersButton.hidden = others === 0;
  const state = others === 0 ? ALONE : `${others + 1} sessions, newest first.`;
  say(outcome, done ? `${done} ${state}` : state, done && "good");
}

function row(session) {
  const device = deviceOf(session.userAgent);
  const name = element("span", "device", device);
  name.title = session.userAgent ?? "";
  const began = time(session.createdAt);
  const which = session.current ? " of this session" : ` the session of ${device}, started ${began.textContent}`;
  const button = element("button", "quiet end", session.current ? "Sign out" : "End", element("span", "unseen", which));
  button.type = "button";

  const through = session.provider ? [" with ", titleElement(session.provider)] : [];
  const badge = session.current ? [" ", element("strong", "badge", "this session")] : [];
  const entry = element("li", session.current ? "session current" : "session",
    element("p", "session-device", name, ...through, ...badge),
    element("p", "session-times", "started ", began, ", expires ", time(session.expiresAt)),
    button);
  entry.tabIndex = -1;
  onPress(button, session.current ? () => signOutHere() : () => end(session, device, entry));
  return entry;
}

function time(moment) {
  const node = element("time", "", localMinute(new Date(moment)));
  node.dateTime = moment;
  return node;
}

async function end(session, device, entry) {
  const answer = await authorised("DELETE", `/api/sessions/${session.id}`);
  // 404: the session has already ended.
  if (!answer.ok && answer.status !== 404) return say(outcome, reason(answer.problem), "bad");
  remove([entry]);
  count(answer.ok ? `Ended ${device}.` : `${device} had already ended.`);
}

async function endOthers() {
  const answer = await authorised("DELETE", "/api/sessions?except=current");
  if (!answer.ok) return say(outcome, reason(answer.problem), "bad");
  const { ended } = answer.body;
  remove([...list.querySelectorAll(".session:not(.current)")]);
  count(ended === 1 ? "Ended 1 other session." : `Ended ${ended} other sessions.`);
}

/** Removes rows and moves the focus to the next row, or else the last. */
function remove(entries) {
  const held = document.activeElement === endOthersButton || document.activeElement === document.body
    || entries.some((entry) => entry.contains(document.activeElement));
  const next = entries.at(-1)?.nextElementSibling;
  for (const entry of entries) entry.remove();
  if (held) (next ?? list.lastElementChild ?? byId("refresh-sessions")).focus();
}

// The token stays until the server confirms, because the user may need to retry.
async function signOutEverywhere() {
  const answer = await authorised("DELETE", "/api/sessions");
  if (!answer.ok) return say(outcome, `No session was ended. ${reason(answer.problem)}`, "bad");
  const { ended } = answer.body;
  discard("Signed out everywhere in another tab.", { hasEnded: true });
  showSignedOut(`Signed out everywhere: ${ended === 1 ? "1 session has" : `${ended} sessions have`} ended.`, "good");
}
