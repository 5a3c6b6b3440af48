// Verifies the current token, or a tampered copy of it, and shows the result.

import { byId, element, localTime } from "./dom.js";
import { exchange } from "./exchange.js";
import { explainButton } from "./explain.js";
import { reason } from "./glossary.js";
import { pastedToken, withForgedClaims, withForgedSignature } from "./jwt.js";
import { onSubmit, markField } from "./form.js";
import { authorised, check, current, replaceToken, onChange } from "./session.js";

const result = byId("result");

export function openResult() {
  byId("ask").addEventListener("click", verifyCurrent);
  byId("tamper-claims").addEventListener("click", () => verifyTampered(withForgedClaims));
  byId("tamper-signature").addEventListener("click", () => verifyTampered(withForgedSignature));
  onSubmit(byId("use-token"), useToken);
  onChange(({ credential }, before) => {
    byId("verify").hidden = credential === null;
    byId("no-token").hidden = credential !== null;
    if (credential !== before.credential) showResult(result, "", "");
  });
}

async function verifyCurrent() {
  const answer = await authorised("GET", "/api/verify");
  showAnswer(result, answer, { token: current().token });
  if (answer.ok && current().state !== "accepted") check();
}

async function verifyTampered(tamper) {
  const { token, change } = tamper(current().token);
  const answer = await exchange("GET", "/api/verify", { token, remark: `A tampered copy of the token: ${change}.` });
  const aside = `In a copy, ${change}. Your own token is unchanged.`;
  if (answer.ok) showResult(result, "bad", "Accepted", "The server accepted a tampered token. This is a bug in the server.", aside);
  else showAnswer(result, answer, { token, aside });
}

/** Shows in `box` what `GET /api/verify` returned for the token, which is null if it was in a cookie. */
export function showAnswer(box, { ok, status, problem, headers }, { token, aside }) {
  if (ok) {
    const until = localTime(new Date(headers.get("X-Auth-Expires-At") ?? ""));
    return showResult(box, "good", "Valid", `The server accepts the token for user ${headers.get("X-Auth-User-Id")} until ${until}.`);
  }
  if (status === 401) {
    showResult(box, "bad", `Rejected: 401 ${problem.code}`, reason(problem), aside);
    return token && box.append(explainButton(token));
  }
  return showResult(box, "unsure", "No result", reason(problem), aside);
}

export function showResult(box, tone, headline, ...sentences) {
  box.dataset.tone = tone;
  box.replaceChildren();
  if (!headline) return;
  box.append(element("strong", "", headline),
    ...sentences.filter(Boolean).map((sentence) => element("p", "", sentence)));
}

async function useToken({ token }) {
  const text = pastedToken(token.value);
  if (!text) return markField(byId("use-token"), "token", "Paste a token first.");
  token.value = "";
  const requested = replaceToken(text);
  byId("ask").focus();
  await requested;
}
