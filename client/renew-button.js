// The buttons that renew the token: one in the token panel, one in the cookie panel.

import { localTime, onPress, say } from "./dom.js";
import { reason } from "./glossary.js";
import { decode } from "./jwt.js";
import { onChange, renew } from "./session.js";

const outcomes = document.querySelectorAll(".renew-outcome");

export function openRenewal() {
  for (const button of document.querySelectorAll(".renew")) onPress(button, renewToken);
  onChange(({ credential }, before) => credential !== before.credential && show(""));
}

async function renewToken() {
  const answer = await renew();
  if (answer.ok) show(`Renewed. ${expiry(answer.body)}`, "good");
  else show(reason(answer.problem), "bad");
}

function expiry({ sessionToken, expiresIn, session }) {
  const expires = sessionToken ? decode(sessionToken).claims.exp * 1000 : Date.now() + expiresIn * 1000;
  const ends = Date.parse(session.expiresAt);
  const expiresAt = `The new token expires on ${localTime(new Date(expires))}`;
  // Servers round to seconds.
  if (ends - expires < 1000) return `${expiresAt}, when the session ends.`;
  return `${expiresAt}. The session ends on ${localTime(new Date(ends))}.`;
}

// Only one of the panels is visible.
function show(text, tone) {
  for (const outcome of outcomes) say(outcome, text, tone);
}
