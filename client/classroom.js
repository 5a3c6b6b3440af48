// The 14 steps of a Node server course's client, with the course's paths and bodies. The token comes from this page's
// session instead of the storage that the course uses.

import { byId, element, fromTemplate, say } from "./dom.js";
import { exchange } from "./exchange.js";
import { onSubmit } from "./form.js";
import { reason } from "./glossary.js";
import { shorten } from "./redact.js";
import { authorised, current, replaceToken, onChange } from "./session.js";

const panel = byId("classroom");
const outcome = byId("classroom-outcome");

const open = (method, path, body) => exchange(method, path, { course: true, body });

// Without a token the course's client sends the text "null". Its rejection does not affect this page's session.
const withToken = (method, path, body) => (
  current().token
    ? authorised(method, path, { course: true, body })
    : exchange(method, path, { course: true, token: null, body }));

const text = ({ body }) => body;
const count = ({ body }, what) => `${body.length} ${body.length === 1 ? what : `${what}s`}`;
const credentials = ({ username, password }) => ({ user: { username, password } });
const keepToken = async ({ body }) => {
  await replaceToken(body.sessionToken);
  return "Signed in. This page uses the new token.";
};

const NAME = { name: "username", label: "Username", autocomplete: "username" };
const SECRET = { name: "password", label: "Password", type: "password" };
const ID = { name: "id", label: "Number of the row", inputmode: "numeric" };

/**
 * Each step has a description, a request line (`:id` is replaced by the field of that name), a button and fields.
 * `send` replaces the plain request; `read` turns a successful response into the text of the outcome.
 */
const STEPS = [
  { does: "Greet the server.", request: "GET /test/helloclient", button: "Hello client", read: text },
  { does: "Post an empty body, with a function.", request: "POST /test/one", button: "Post to /one", read: text },
  { does: "Post an empty body, with an arrow function.", request: "POST /test/one", button: "Post to /one", read: text },
  {
    does: "Create a row that everyone can read.", request: "POST /test/seven", button: "Post",
    body: () => ({ testdata: { item: "This was saved!" } }),
    read: ({ body }) => `${body.testdata.testdata} Created at ${body.testdata.createdAt}.`,
  },
  {
    does: "Read the rows of all users.", request: "GET /test/one", button: "Display data",
    read: (answer) => count(answer, "row"),
    rows: ({ testdata }) => testdata,
  },
  {
    does: "Sign up.", request: "POST /api/user/createuser", button: "Sign up",
    fields: [NAME, { ...SECRET, autocomplete: "new-password" }], body: credentials, read: keepToken,
  },
  {
    does: "Sign in.", request: "POST /api/user/signin", button: "Sign in",
    fields: [NAME, { ...SECRET, autocomplete: "current-password" }], body: credentials, read: keepToken,
  },
  {
    does: "Print the token. The course prints the complete token. Here it is shortened.", request: "No request", button: "Print token",
    send: () => ({ ok: true }),
    read: () => (current().token ? shorten(current().token) : "null"),
  },
  {
    does: "Read my rows.", request: "GET /authtest/getall", button: "Get", send: withToken,
    read: (answer) => count(answer, "row"),
  },
  {
    does: "Create a row of my own.", request: "POST /authtest/create", button: "Post", send: withToken,
    fields: [{ name: "item", label: "Text" }], body: ({ item }) => ({ authtestdata: { item } }),
    read: ({ body: { authtestdata: { id, authtestdata } } }) => `Row ${id}: ${authtestdata}`,
  },
  {
    does: "Read one row.", request: "GET /authtest/:id", button: "Get single item", send: withToken, fields: [ID],
    read: ({ body }) => body?.authtestdata ?? "null: no such row",
  },
  {
    does: "Change one row. Its text is fetched each time the number changes.",
    request: "PUT /authtest/update/:id", button: "Update item", send: withToken,
    fields: [ID, { name: "item", label: "New text" }], body: ({ item }) => ({ authtestdata: { item } }),
    read: ({ body }) => body?.authtestdata ?? "null: no such row",
    prepare: (form) => form.elements.id.addEventListener("input", () => showPresent(form)),
    afterwards: "GET /authtest/getall",
  },
  {
    does: "Delete one row.", request: "DELETE /authtest/delete/:id", button: "Delete single item", send: withToken,
    fields: [ID], read: text, afterwards: "GET /authtest/getall",
  },
  {
    does: "Display my rows. In the course a click on a row deletes it. Here each row has a button.",
    request: "GET /authtest/getall", button: "Display data", send: withToken,
    read: (answer) => count(answer, "row"),
    rows: ({ id, authtestdata }) => `${id} ${authtestdata}`,
    removable: true,
  },
];

export function openClassroom() {
  byId("classroom-steps").append(...STEPS.map((step, index) => row(step, index + 1)));
  let known = false;
  let asking = false;
  panel.querySelector("summary").addEventListener("click", async (event) => {
    if (known) return;
    // Ask whether the classroom is on only when the panel opens, so no other page load causes a 404.
    event.preventDefault();
    if (asking) return;
    asking = true;
    const answer = await exchange("GET", "/test/helloclient", { course: true, remark: "Is the classroom on?", expected: [404] });
    asking = false;
    if (answer.status === 404) return say(outcome, "The classroom is off: the service runs with CLASSROOM=false.");
    if (!answer.ok) return say(outcome, reason(answer.problem), "bad");
    say(outcome, "");
    known = true;
    panel.open = true;
  });
  // The next user of this page must not see the previous user's rows.
  onChange(({ credential }, before) => credential === null && before.credential !== null && forgetRows());
}

function forgetRows() {
  for (const said of panel.querySelectorAll(".step .outcome")) say(said, "");
  for (const list of panel.querySelectorAll(".step-rows")) list.replaceChildren();
  for (const form of panel.querySelectorAll("form")) form.reset();
}

function row(step, number) {
  const li = fromTemplate("classroom-step");
  const form = li.querySelector("form");
  const does = li.querySelector(".step-does");
  const button = form.querySelector("button");
  li.querySelector(".step-number").textContent = number;
  does.textContent = step.does;
  does.id = `step-${number}-does`;
  form.setAttribute("aria-labelledby", does.id);
  li.querySelector(".step-request").textContent = step.request;
  button.textContent = step.button;
  // Several steps have the same button text.
  button.setAttribute("aria-describedby", does.id);
  for (const field of step.fields ?? []) button.before(input(field, `step-${number}-${field.name}`));
  step.prepare?.(form);
  onSubmit(form, () => perform(step, form, li));
  return li;
}

function input({ label, ...attributes }, id) {
  const caption = element("label", "", label);
  caption.htmlFor = id;
  const box = element("input");
  box.id = id;
  for (const [name, value] of Object.entries({ autocomplete: "off", spellcheck: "false", ...attributes })) {
    box.setAttribute(name, value);
  }
  return element("div", "field", caption, box);
}

async function perform(step, form, li) {
  const said = li.querySelector(".outcome");
  const list = li.querySelector(".step-rows");
  const given = Object.fromEntries(new FormData(form));
  const [method, path] = step.request.split(" ");
  const send = step.send ?? open;
  say(said, "");
  list.replaceChildren();
  const answer = await send(method, path.replace(":id", encodeURIComponent(given.id)), step.body?.(given));
  if (!answer.ok) return say(said, `${answer.status || "No response"}: ${reason(answer.problem)}`, "bad");
  // Delete passwords from their fields after use.
  for (const secret of form.querySelectorAll("[type=password]")) secret.value = "";
  try {
    say(said, await step.read(answer), "good");
    if (step.rows) list.append(...answer.body.map((entry) => shownRow(step, entry, said)));
  } catch {
    say(said, "The response does not have the form that the course expects.", "bad");
  }
  if (step.afterwards) await send(...step.afterwards.split(" "));
}

function shownRow(step, entry, said) {
  const li = element("li", "", element("span", "", step.rows(entry)));
  if (!step.removable) return li;
  const button = element("button", "quiet", "Delete", element("span", "unseen", ` row ${entry.id}`));
  button.type = "button";
  button.addEventListener("click", async () => {
    // Like the course's page, remove the row before the server responds. The focus moves to a neighbour.
    const next = li.nextElementSibling ?? li.previousElementSibling;
    (next ?? li.closest(".step")).querySelector("button").focus();
    li.remove();
    const answer = await withToken("DELETE", `/authtest/delete/${entry.id}`);
    say(said, answer.ok ? answer.body : `${answer.status || "No response"}: ${reason(answer.problem)}`, answer.ok ? "good" : "bad");
    await withToken("GET", "/authtest/getall");
  });
  li.append(button);
  return li;
}

// Like the course, this also runs for an empty field. A late response does not overwrite a newer one.
async function showPresent(form) {
  // `form.elements.item` is a method, so the field named "item" needs `namedItem`.
  const [id, item] = ["id", "item"].map((name) => form.elements.namedItem(name));
  const requested = id.value;
  const answer = await withToken("GET", `/authtest/${encodeURIComponent(requested)}`);
  if (answer.ok && answer.body?.authtestdata && id.value === requested) item.value = answer.body.authtestdata;
}
