// The user's identities: accounts at providers with which the user can sign in. Lists, adds and removes them.

import { confirmation, hasPassword } from "./confirmation.js";
import { byId, element, localMinute, say } from "./dom.js";
import { empty, onSubmit, showErrors, wireReveals } from "./form.js";
import { reason } from "./glossary.js";
import { addAtProvider } from "./provider-sign-in.js";
import { allProviders, onProviders } from "./providers.js";
import { authorised, current, onChange } from "./session.js";
import { loadSessions } from "./sessions.js";

const PATH = "/api/users/me/identities";

const panel = byId("identities-panel");
const list = byId("identities");
const outcome = byId("identities-outcome");
const adding = byId("add-identity");
const removal = byId("remove-identity");

let latestRequest = 0;
let removed = null;

export function openIdentities() {
  for (const form of [adding, removal]) wireReveals(form);
  onSubmit(adding, add);
  onSubmit(removal, remove);
  byId("cancel-removal").addEventListener("click", cancel);
  removal.addEventListener("keydown", ({ key }) => key === "Escape" && cancel());
  onChange(openOrClose);
  onProviders(load);
}

function openOrClose({ credential, state }, before) {
  const sameSession = credential === before.credential && before.state === "accepted";
  if (state === "accepted" && sameSession) return;
  list.replaceChildren();
  say(outcome, "");
  empty(adding);
  hideRemoval();
  load();
}

/** Most services have no providers, so the page asks only those that have some. */
async function load() {
  const isUsed = current().state === "accepted" && allProviders().length > 0;
  panel.hidden = !isUsed;
  if (!isUsed) return;
  const request = ++latestRequest;
  const answer = await authorised("GET", PATH, { refresh: true });
  if (request !== latestRequest) return;
  if (!answer.ok) return say(outcome, reason(answer.problem), "bad");
  show(answer.body.items);
}

function show(items) {
  list.replaceChildren(...items.map(row));
  const others = allProviders().filter(({ name }) => !items.some(({ provider }) => provider === name));
  byId("add-identity-buttons").replaceChildren(...others.map(({ name, title }) => {
    const button = element("button", "", `Add ${title}`);
    button.value = name;
    return button;
  }));
  adding.hidden = others.length === 0;
  byId("no-identities").hidden = items.length > 0;
}

function row(identity) {
  const { provider, title, linkedAt, lastUsedAt } = identity;
  const button = element("button", "quiet end", "Remove", element("span", "unseen", ` ${title}`));
  button.type = "button";
  button.addEventListener("click", () => askForConfirmation(identity, button));
  return element("li", "session",
    element("p", "session-device", element("span", "device", title)),
    element("p", "session-times", "added ", time(linkedAt), ", last used ", time(lastUsedAt)),
    button);
}

function time(moment) {
  const node = element("time", "", localMinute(new Date(moment)));
  node.dateTime = moment;
  return node;
}

async function add(fields, { value }) {
  say(outcome, "");
  // The response sets a cookie, which ties the start to this browser.
  const answer = await authorised("POST", `${PATH}/${encodeURIComponent(value)}`, { body: confirmation(fields), cookies: true });
  if (!answer.ok) return showErrors(adding, answer);
  adding.reset();
  await addAtProvider(answer.body.startUrl);
}

function askForConfirmation({ provider, title }, button) {
  empty(removal);
  removed = { provider, title, button };
  byId("remove-identity-question").textContent = `Remove ${title}? You can then no longer sign in with it. Other sessions with it end.`;
  removal.hidden = false;
  (hasPassword() ? removal.elements.currentPassword : removal.querySelector(".danger")).focus();
}

async function remove(fields) {
  const { provider, title } = removed;
  say(outcome, "");
  const answer = await authorised("DELETE", `${PATH}/${encodeURIComponent(provider)}`, { body: confirmation(fields) });
  // 404: it was removed elsewhere.
  if (!answer.ok && answer.status !== 404) return showErrors(removal, answer);
  hideRemoval();
  byId("identities-title").focus();
  await Promise.all([load(), loadSessions({ refresh: true })]);
  say(outcome, `${title} is removed.`, "good");
}

function cancel() {
  if (removal.getAttribute("aria-busy") === "true") return;
  const { button } = removed;
  hideRemoval();
  button.focus();
}

function hideRemoval() {
  empty(removal);
  removal.hidden = true;
}
