// "Is it still good?": asking the server about the held token, or about a spoilt copy of it.

import { byId, copy, element, localTime, say } from "./dom.js";
import { exchange } from "./exchange.js";
import { reason } from "./glossary.js";
import { withForgedClaims, withForgedSignature } from "./jwt.js";
import { onSubmit, markField } from "./form.js";
import { authorised, check, current, hold, onChange } from "./session.js";

const verdict = byId("verdict");

export function openVerdict() {
  byId("ask").addEventListener("click", askAboutHeld);
  byId("tamper-claims").addEventListener("click", () => askAboutSpoilt(withForgedClaims));
  byId("tamper-signature").addEventListener("click", () => askAboutSpoilt(withForgedSignature));
  byId("copy-token").addEventListener("click", copyToken);
  onSubmit(byId("use-token"), useToken);
  onChange(({ token, pass }, before) => {
    byId("verify").hidden = pass === null;
    byId("copy-token").hidden = token === null;
    if (pass === before.pass) return;
    say(byId("token-outcome"), "");
    tell("", "");
  });
}

async function askAboutHeld() {
  const answer = await authorised("GET", "/api/verify");
  if (!answer.ok) return tellRefusal(answer);
  const until = localTime(new Date(answer.headers.get("X-Auth-Expires-At") ?? ""));
  tell("good", "Good", `The server accepts it for user ${answer.headers.get("X-Auth-User-Id")} until ${until}.`);
  if (current().standing !== "accepted") check();
}

async function askAboutSpoilt(spoil) {
  const { token, change } = spoil(current().token);
  const answer = await exchange("GET", "/api/verify", { token, remark: `With a tampered copy of the token: ${change}.` });
  const aside = `In a copy, ${change}. The token you hold is untouched.`;
  if (answer.ok) tell("bad", "Accepted", "The server took a tampered token. That must never happen.", aside);
  else tellRefusal(answer, aside);
}

function tellRefusal({ status, problem }, aside) {
  if (status === 401) tell("bad", `Refused: ${problem.code}`, reason(problem), aside);
  else tell("unsure", "No verdict", reason(problem), aside);
}

function tell(tone, headline, ...sentences) {
  verdict.dataset.tone = tone;
  verdict.replaceChildren();
  if (!headline) return;
  verdict.append(element("strong", "", headline),
    ...sentences.filter(Boolean).map((sentence) => element("p", "", sentence)));
}

async function copyToken() {
  const copied = await copy(current().token);
  say(byId("token-outcome"), copied
    ? "Copied, the whole token. Whoever has it can act as you."
    : "Not copied: this browser gives pages no clipboard here.");
}

async function useToken({ token }) {
  const text = token.value.trim().replace(/^(authorization:\s*)?bearer\s+/i, "").replace(/^"|"$|\s+/g, "");
  if (!text) return markField(byId("use-token"), "token", "Paste a token first.");
  token.value = "";
  byId("hand").open = false;
  const asked = hold(text);
  byId("ask").focus();
  await asked;
}
