// The sessions of the user: on which devices they are signed in, and ending one, the others, or all.

import { deviceOf } from "./device.js";
import { byId, element, localMinute, onPress, say } from "./dom.js";
import { sayAtTheDoors, signOutHere } from "./exits.js";
import { reason } from "./glossary.js";
import { authorised, forget, onChange } from "./session.js";

const ALONE = "This is your only session.";

const panel = byId("sessions-panel");
const list = byId("sessions");
const outcome = byId("sessions-outcome");
const endOthersButton = byId("end-others");

let latestRequest = 0;

export function openSessions() {
  onPress(byId("refresh-sessions"), load);
  onPress(endOthersButton, endOthers);
  onPress(byId("sign-out-everywhere"), signOutEverywhere);
  onChange(openOrClose);
}

function openOrClose({ pass, standing }, before) {
  const open = standing === "accepted";
  panel.hidden = !open;
  const sameSession = pass === before.pass && before.standing === "accepted";
  if (open && sameSession) return;
  // The account tells why the sessions closed under the focus.
  if (!open && panel.contains(document.activeElement)) byId("account-title").focus();
  list.replaceChildren();
  endOthersButton.hidden = true;
  say(outcome, "");
  if (open) load();
}

async function load() {
  const request = ++latestRequest;
  const answer = await authorised("GET", "/api/sessions");
  if (request !== latestRequest) return;
  if (!answer.ok) return say(outcome, reason(answer.problem), "bad");
  list.replaceChildren(...answer.body.items.map(row));
  count();
}

/** Says how many there are, after what has just been done. */
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
  const which = session.current ? " of this session" : ` the session of ${device}, begun ${began.textContent}`;
  const button = element("button", "quiet end", session.current ? "Sign out" : "End", element("span", "unseen", which));
  button.type = "button";

  const entry = element("li", session.current ? "session current" : "session",
    element("p", "session-device", name, ...(session.current ? [" ", element("strong", "badge", "this one")] : [])),
    element("p", "session-times", "began ", began, ", expires ", time(session.expiresAt)),
    button);
  entry.tabIndex = -1;
  onPress(button, session.current ? signOutHere : () => end(session, device, entry));
  return entry;
}

function time(moment) {
  const node = element("time", "", localMinute(new Date(moment)));
  node.dateTime = moment;
  return node;
}

async function end(session, device, entry) {
  const answer = await authorised("DELETE", `/api/sessions/${session.id}`);
  // Not found: somebody else was quicker, and it is as wished.
  if (!answer.ok && answer.status !== 404) return say(outcome, reason(answer.problem), "bad");
  remove([entry]);
  count(answer.ok ? `Ended ${device}.` : `${device} had ended already.`);
}

async function endOthers() {
  const answer = await authorised("DELETE", "/api/sessions?except=current");
  if (!answer.ok) return say(outcome, reason(answer.problem), "bad");
  const { ended } = answer.body;
  remove([...list.querySelectorAll(".session:not(.current)")]);
  count(ended === 1 ? "Ended 1 other session." : `Ended ${ended} other sessions.`);
}

/** Takes rows out and moves the focus to where a person would look next: the row that took their place, or the last. */
function remove(entries) {
  const held = document.activeElement === endOthersButton || document.activeElement === document.body
    || entries.some((entry) => entry.contains(document.activeElement));
  const next = entries.at(-1)?.nextElementSibling;
  for (const entry of entries) entry.remove();
  if (held) (next ?? list.lastElementChild ?? byId("refresh-sessions")).focus();
}

// Unlike signing out here, this is worth nothing unless the server knows, so the token is kept until it does.
async function signOutEverywhere() {
  const answer = await authorised("DELETE", "/api/sessions");
  if (!answer.ok) return say(outcome, `Nobody was signed out. ${reason(answer.problem)}`, "bad");
  const { ended } = answer.body;
  forget("Signed out everywhere, from another tab.");
  sayAtTheDoors(`Signed out everywhere: ${ended === 1 ? "1 session has" : `${ended} sessions have`} ended.`, "good");
}
