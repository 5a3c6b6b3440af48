// Session variables of a user's session or an anonymous session: a counter, and any other JSON.

import { byId, element, onPress, say } from "./dom.js";
import { markField, onSubmit, showErrors } from "./form.js";
import { reason } from "./glossary.js";
import { secondsToWait } from "./limits.js";
import { current, onChange, authorisedOrAnonymous } from "./session.js";

const PATH = "/api/sessions/current/variables";
const COUNTER = "counter";

const outcome = byId("variables-outcome");
const list = byId("variables");
const form = byId("set-variable");

let shown = [];
let latestRequest = 0;
let pending = 0;

const pathOf = (name) => `${PATH}/${encodeURIComponent(name)}`;
const etagOf = ({ version }) => `"${version}"`;

async function send(method, path, options) {
  pending += 1;
  try {
    return await authorisedOrAnonymous(method, path, options);
  } finally {
    pending -= 1;
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
  const { state, credential, anonymous } = held;
  const unusable = state === "rejected" || state === "unverified";
  byId("variables-open").hidden = unusable;
  byId("variables-closed").hidden = !unusable;
  byId("variables-whose").textContent = whose(held);
  offerToKeep();
  const begins = state === "accepted" && (credential !== before.credential || before.state !== "accepted");
  // A session that started here needs no load: its first response has the variables.
  const found = anonymous && !before.anonymous && pending === 0;
  if (credential !== before.credential) {
    show([]);
    say(outcome, "");
  }
  if (begins || found) load("", { refresh: true });
}

function whose({ credential, anonymous, carrier, user }) {
  if (credential) {
    const transport = carrier === "cookie" ? "cookie" : "header";
    return `Variables of ${user ? `${user.username}’s` : "your"} session (${transport}).`;
  }
  return anonymous
    ? "Variables of an anonymous session (cookie). Signing in ends it."
    : "Not signed in. Setting a variable starts an anonymous session.";
}

/** Loads all variables. `done` is a message about the last action. */
async function load(done = "", options = {}) {
  const request = ++latestRequest;
  const answer = await send("GET", PATH, options);
  if (request !== latestRequest) return;
  if (!answer.ok) return showError(answer);
  show(answer.body.items, answer.headers.get("ETag"));
  const { length } = shown;
  const state = length === 0 ? "No variables." : `${length === 1 ? "1 variable" : `${length} variables`}.`;
  say(outcome, done ? `${done} ${state}` : state, done && "good");
}

function show(variables, etag) {
  shown = variables;
  list.replaceChildren(...variables.map(row));
  byId("counter-value").textContent = written(find(COUNTER)?.value ?? 0);
  byId("variables-etag").textContent = etag ? `ETag of the list: ${etag}` : "";
  byId("clear-variables").hidden = variables.length === 0;
  offerToKeep();
}

/** Offers to move the variables of an anonymous session to the next session. */
function offerToKeep() {
  byId("keep-variables-field").hidden = current().credential !== null || shown.length === 0;
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

// The server increments atomically, so parallel increments of two tabs both count.
async function increment() {
  const answer = await send("POST", `${pathOf(COUNTER)}/increment`, { body: { by: 1 } });
  if (!answer.ok) return showError(answer);
  took(answer, `Counted to ${written(answer.body.value)}.`);
}

async function set({ name, value }) {
  let parsed;
  try {
    parsed = JSON.parse(value.value);
  } catch {
    markField(form, "value", "Not valid JSON. Put text in double quotes.");
    return value.focus();
  }
  // Replace only the version that is shown here.
  const known = find(name.value);
  const answer = await send("PUT", pathOf(name.value), { body: parsed, ifMatch: known && etagOf(known) });
  if (answer.status === 412) return load(`${name.value} was changed elsewhere. Nothing was set.`);
  if (!answer.ok) return byId("variables-open").hidden || showErrors(form, answer);
  form.reset();
  name.focus();
  took(answer, `Set ${answer.body.name}.`);
}

/** Shows the variable of a response, with its ETag. */
function took({ headers, body }, done) {
  latestRequest += 1;
  const others = shown.filter(({ name }) => name !== body.name);
  show([...others, body].sort((one, other) => (one.name < other.name ? -1 : 1)));
  say(outcome, `${done} Its ETag is ${headers.get("ETag")}.`, "good");
}

async function remove(variable) {
  const answer = await send("DELETE", pathOf(variable.name), { ifMatch: etagOf(variable) });
  if (answer.status === 412) return load(`${variable.name} was changed elsewhere. It was not deleted.`);
  // 404: the variable has already been deleted.
  if (!answer.ok && answer.status !== 404) return showError(answer);
  const place = shown.indexOf(variable);
  show(shown.filter((each) => each !== variable));
  (list.children[place] ?? list.lastElementChild ?? form.elements.name).focus();
  say(outcome, `Deleted ${variable.name}.`, "good");
}

async function clear() {
  const answer = await send("DELETE", PATH);
  if (!answer.ok) return showError(answer);
  show([]);
  byId("count").focus();
  say(outcome, "Deleted all variables.", "good");
}

function showError({ headers, problem }) {
  const wait = secondsToWait(headers);
  say(outcome, wait ? `${reason(problem)} Try again in ${wait} seconds.` : reason(problem), "bad");
}
