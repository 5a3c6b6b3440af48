// The token that was signed out here. The page keeps it in memory, so the user can ask the server about it.

import { byId } from "./dom.js";
import { exchange } from "./exchange.js";
import { shorten } from "./redact.js";
import { showAnswer, showResult } from "./result.js";
import { current, dismissEnded, onChange } from "./session.js";

const panel = byId("ended");
const result = byId("ended-result");

export function openEnded() {
  byId("ask-ended").addEventListener("click", ask);
  byId("dismiss-ended").addEventListener("click", () => {
    dismissEnded();
    byId("account-title").focus();
  });
  onChange(({ ended }, before) => {
    panel.hidden = ended === null;
    if (ended === before.ended) return;
    showResult(result, "", "");
    if (ended) describe(ended);
  });
}

function describe({ token, username }) {
  byId("ended-title").textContent = username ? `The ended token of ${username}` : "The ended token";
  byId("ended-token").textContent = token ? shorten(token) : "The cookie is deleted.";
  byId("ended-hint").textContent = token
    ? "This page kept it, to show what the server says about it now. It is gone after a reload."
    : "Scripts cannot read a cookie, so this page has no copy of its token. A request has no token any more.";
}

async function ask() {
  const { ended } = current();
  const remark = ended.token ? "The ended token, sent once more." : "A request without the cookie.";
  const answer = await exchange("GET", "/api/verify", { token: ended.token, remark });
  // The user may have signed in or discarded the token meanwhile.
  if (current().ended === ended) showAnswer(result, answer, ended);
}
