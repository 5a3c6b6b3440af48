// The lesson about tokens: edit the header and the claims, sign them, send the token, and read the server's answer beside
// its explanation. jwt-editor.js has the token.

import { byId, copy, element, onPress, say } from "./dom.js";
import { exchange } from "./exchange.js";
import { askToExplain, checkList, noExplanation, verdictOf } from "./explanation.js";
import { markField, onSubmit } from "./form.js";
import { reason } from "./glossary.js";
import { decode, pastedToken } from "./jwt.js";
import { TokenEditor } from "./jwt-editor.js";
import { expectationOf, exampleAt, PRESETS } from "./presets.js";
import { redactResponse } from "./redact.js";
import { formatted } from "./schema.js";
import { current, onChange } from "./session.js";

const PATH = "/api/sessions/current";

const outcome = byId("jwt-outcome");
const answerBox = byId("jwt-answer");
const explanationBox = byId("jwt-explanation");

let editor;

const now = () => Math.floor(Date.now() / 1000);

export function openJwtLesson() {
  editor = new TokenEditor();
  onSubmit(byId("jwt-decode"), decodeWritten);
  byId("jwt-presets").append(...PRESETS.map(presetButton));
  onPress(byId("jwt-reset"), reset);
  onPress(byId("jwt-copy"), copyToken);
  onPress(byId("jwt-send"), send);
  onChange(({ credential }, before) => credential !== before.credential && reset());
  reset();
}

/** Starts with the header and the claims of the session. Its signature is a secret, and the page shows it only on request. */
async function reset() {
  const { header, claims } = decode(current().token ?? "");
  const hasSession = header !== null && claims !== null;
  byId("jwt-example-hint").hidden = hasSession;
  byId("jwt-decode-text").value = "";
  clearAnswer();
  say(outcome, "");
  await editor.start(hasSession ? { header, claims } : exampleAt(now()));
}

async function decodeWritten({ token: field }) {
  const token = pastedToken(field.value) || current().token;
  if (!token) {
    markField(byId("jwt-decode"), "token", "Paste a token first.");
    return field.focus();
  }
  clearAnswer();
  await editor.load(token);
  byId("jwt-example-hint").hidden = true;
  say(outcome, "Decoded. The signature is the one of this token. If you change a character, it no longer matches.", "good");
}

function presetButton(preset) {
  const button = element("button", "", preset.label);
  button.type = "button";
  button.id = `jwt-preset-${preset.name}`;
  onPress(button, async () => {
    clearAnswer();
    await editor.breakWith((parts) => preset.change(parts, now()));
    outcome.replaceChildren(...formatted(`${preset.text} ${expectationOf(preset)}`));
    outcome.dataset.tone = "";
  });
  return button;
}

async function copyToken() {
  const copied = await copy(editor.token);
  say(byId("jwt-copied"), copied ? "Copied." : "The browser did not allow copying.");
}

async function send() {
  await editor.signed();
  const { token } = editor;
  clearAnswer();
  const answer = await exchange("GET", PATH, { token, remark: "A token from “Build a token”." });
  showAnswer(answer);
  const explained = await askToExplain(token);
  explanationBox.replaceChildren(...(explained.ok
    ? [element("p", "", verdictOf(explained.body)), checkList(explained.body.checks)]
    : [element("p", "hint", noExplanation(explained))]));
}

function clearAnswer() {
  byId("jwt-sent").hidden = true;
  answerBox.replaceChildren();
  explanationBox.replaceChildren();
}

function showAnswer({ ok, status, statusText, body, problem }) {
  byId("jwt-sent").hidden = false;
  answerBox.dataset.tone = ok ? "good" : "bad";
  const headline = ok ? `Accepted: ${status} ${statusText}` : `Rejected: ${status || ""} ${problem.code}`;
  answerBox.replaceChildren(
    element("strong", "", headline.trim()),
    ...(ok ? [] : [element("p", "", reason(problem))]),
    ...(body === undefined ? [] : [element("pre", "", JSON.stringify(redactResponse(body), null, 2))]));
}
