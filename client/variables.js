// Session variables: what a session remembers, a user's or an anonymous visitor's. A counter, and any other JSON.

import { byId, element, onPress, say } from "./dom.js";
import { markField, onSubmit, showRefusal } from "./form.js";
import { reason } from "./glossary.js";
import { secondsToWait } from "./limits.js";
import { current, onChange, visiting } from "./session.js";

const PATH = "/api/sessions/current/variables";
const COUNTER = "counter";

const outcome = byId("variables-outcome");
const list = byId("variables");
const form = byId("set-variable");

let shown = [];
let latestRequest = 0;
let asking = 0;

const pathOf = (name) => `${PATH}/${encodeURIComponent(name)}`;
const etagOf = ({ version }) => `"${version}"`;

async function ask(method, path, options) {
  asking += 1;
  try {
    return await visiting(method, path, options);
  } finally {
    asking -= 1;
  }
}

export function openVariables() {
  onPress(byId("refresh-variables"), () => load());
  onPress(byId("count"), increment);
  onPress(byId("clear-variables"), clear);
  onSubmit(form, set);
  onChange(follow);
}

function follow(held, before) {
  const { standing, pass, anonymous } = held;
  const stranded = standing === "refused" || standing === "unanswered";
  byId("variables-open").hidden = stranded;
  byId("variables-closed").hidden = !stranded;
  byId("variables-whose").textContent = whose(held);
  offerToKeep();
  const begins = standing === "accepted" && (pass !== before.pass || before.standing !== "accepted");
  // One that begins here is known from the answer that began it.
  const found = anonymous && !before.anonymous && asking === 0;
  if (pass !== before.pass) {
    show([]);
    say(outcome, "");
  }
  if (begins || found) load();
}

function whose({ pass, anonymous, carrier, user }) {
  if (pass) {
    const means = carrier === "cookie" ? "a cookie" : "the header";
    return `Those of the session of ${user?.username ?? "somebody"}, which ${means} carries.`;
  }
  return anonymous
    ? "Those of an anonymous session, which a cookie carries. Signing in ends it."
    : "You are nobody yet. The first variable that is written begins an anonymous session, which a cookie carries.";
}

/** Reads them all; `done` is what came before, and is said again. */
async function load(done = "") {
  const request = ++latestRequest;
  const answer = await ask("GET", PATH);
  if (request !== latestRequest) return;
  if (!answer.ok) return refused(answer);
  show(answer.body.items, answer.headers.get("ETag"));
  const { length } = shown;
  const state = length === 0 ? "No variables." : `${length === 1 ? "1 variable" : `${length} variables`}.`;
  say(outcome, done ? `${done} ${state}` : state, done && "good");
}

function show(variables, etag) {
  shown = variables;
  list.replaceChildren(...variables.map(row));
  byId("counter-value").textContent = written(find(COUNTER)?.value ?? 0);
  byId("variables-etag").textContent = etag ? `ETag of them all: ${etag}` : "";
  byId("clear-variables").hidden = variables.length === 0;
  offerToKeep();
}

/** At the doors: what an anonymous session remembers can move to the next. */
function offerToKeep() {
  byId("keep-variables-field").hidden = current().pass !== null || shown.length === 0;
}

const find = (name) => shown.find((variable) => variable.name === name);
const written = (value) => JSON.stringify(value);

function row(variable) {
  const { name, value } = variable;
  const button = element("button", "quiet delete", "Delete", element("span", "unseen", ` ${name}`));
  button.type = "button";
  onPress(button, () => remove(variable));
  const entry = element("li", "item",
    element("div", "item-line",
      element("span", "item-name variable-name", name),
      element("code", "variable-value", written(value)),
      element("span", "variable-etag", `ETag ${etagOf(variable)}`),
      element("span", "item-tools", button)));
  entry.tabIndex = -1;
  return entry;
}

// The server adds in one step, so that two tabs that count at once are both counted.
async function increment() {
  const answer = await ask("POST", `${pathOf(COUNTER)}/increment`, { body: { by: 1 } });
  if (!answer.ok) return refused(answer);
  took(answer, `Counted to ${written(answer.body.value)}.`);
}

async function set({ name, value }) {
  let parsed;
  try {
    parsed = JSON.parse(value.value);
  } catch {
    markField(form, "value", "This is no JSON. A text stands in double quotes.");
    return value.focus();
  }
  // What is shown here is what is replaced, not what somebody else made of it meanwhile.
  const known = find(name.value);
  const answer = await ask("PUT", pathOf(name.value), { body: parsed, ifMatch: known && etagOf(known) });
  if (answer.status === 412) return load(`${name.value} was changed elsewhere, and nothing was set.`);
  if (!answer.ok) return byId("variables-open").hidden || showRefusal(form, answer);
  form.reset();
  name.focus();
  took(answer, `Set ${answer.body.name}.`);
}

/** Shows the variable of an answer in its place, with the ETag the answer brought. */
function took({ headers, body }, done) {
  latestRequest += 1;
  const others = shown.filter(({ name }) => name !== body.name);
  show([...others, body].sort((one, other) => (one.name < other.name ? -1 : 1)));
  say(outcome, `${done} Its ETag is ${headers.get("ETag")}.`, "good");
}

async function remove(variable) {
  const answer = await ask("DELETE", pathOf(variable.name), { ifMatch: etagOf(variable) });
  if (answer.status === 412) return load(`${variable.name} was changed elsewhere, and is still there.`);
  // Not found: somebody else was quicker, and it is as wished.
  if (!answer.ok && answer.status !== 404) return refused(answer);
  const place = shown.indexOf(variable);
  show(shown.filter((each) => each !== variable));
  (list.children[place] ?? list.lastElementChild ?? form.elements.name).focus();
  say(outcome, `Deleted ${variable.name}.`, "good");
}

async function clear() {
  const answer = await ask("DELETE", PATH);
  if (!answer.ok) return refused(answer);
  show([]);
  byId("count").focus();
  say(outcome, "Deleted them all.", "good");
}

function refused({ headers, problem }) {
  const wait = secondsToWait(headers);
  say(outcome, wait ? `${reason(problem)} Try again in ${wait} seconds.` : reason(problem), "bad");
}
