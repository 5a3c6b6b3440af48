// What the client of a Node server course does, in its 14 steps, by the course's paths and shapes. The session of this
// page takes the place of what the course keeps in the browser's storage.

import { byId, element, fromTemplate, say } from "./dom.js";
import { exchange } from "./exchange.js";
import { onSubmit } from "./form.js";
import { reason } from "./glossary.js";
import { shorten } from "./redact.js";
import { authorised, current, hold, onChange } from "./session.js";

const room = byId("classroom");
const outcome = byId("classroom-outcome");

const open = (method, path, body) => exchange(method, path, { course: true, body });

// Without a token the course's client sends the text "null". That it is refused says nothing about this page's session.
const withToken = (method, path, body) => (
  current().token
    ? authorised(method, path, { course: true, body })
    : exchange(method, path, { course: true, token: null, body }));

const text = ({ body }) => body;
const count = ({ body }, what) => `${body.length} ${body.length === 1 ? what : `${what}s`}`;
const credentials = ({ username, password }) => ({ user: { username, password } });
const keepToken = async ({ body }) => {
  await hold(body.sessionToken);
  return "Signed in: this page holds the session token now.";
};

const NAME = { name: "username", label: "Username", autocomplete: "username" };
const SECRET = { name: "password", label: "Password", type: "password" };
const ID = { name: "id", label: "Number of the row", inputmode: "numeric" };

/**
 * Each step: what it does, its request line (`:id` stands for the field of that name), its button, its fields, and what
 * its outcome is. `run` sends what is more than the request line; `read` turns a good answer into a text.
 */
const STEPS = [
  { does: "Greet the server.", request: "GET /test/helloclient", button: "Hello client", read: text },
  { does: "Post nothing, with a function.", request: "POST /test/one", button: "Post to /one", read: text },
  { does: "Post nothing, with an arrow function.", request: "POST /test/one", button: "Post to /one", read: text },
  {
    does: "Keep a row that everybody can read.", request: "POST /test/seven", button: "Post",
    body: () => ({ testdata: { item: "This was saved!" } }),
    read: ({ body }) => `${body.testdata.testdata} Created at ${body.testdata.createdAt}.`,
  },
  {
    does: "Read everybody’s rows.", request: "GET /test/one", button: "Display data",
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
    does: "Print the token. The course prints all of it; here it is shortened.", request: "No request", button: "Print token",
    send: () => ({ ok: true }),
    read: () => (current().token ? shorten(current().token) : "null"),
  },
  {
    does: "Read my rows.", request: "GET /authtest/getall", button: "Get", send: withToken,
    read: (answer) => count(answer, "row"),
  },
  {
    does: "Keep a row of my own.", request: "POST /authtest/create", button: "Post", send: withToken,
    fields: [{ name: "item", label: "Text" }], body: ({ item }) => ({ authtestdata: { item } }),
    read: ({ body: { authtestdata: { id, authtestdata } } }) => `Row ${id}: ${authtestdata}`,
  },
  {
    does: "Read one row.", request: "GET /authtest/:id", button: "Get single item", send: withToken, fields: [ID],
    read: ({ body }) => body?.authtestdata ?? "null: no such row",
  },
  {
    does: "Change one row. Its text is fetched with each key typed into the number.",
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
    does: "Display my rows. In the course a click on a row deletes it; here its button does.",
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
  room.querySelector("summary").addEventListener("click", async (event) => {
    if (known) return;
    // Whether there is a classroom is asked only of those who want in, so that no other page load has a 404.
    event.preventDefault();
    if (asking) return;
    asking = true;
    const answer = await exchange("GET", "/test/helloclient", { course: true, remark: "Is there a classroom?" });
    asking = false;
    if (answer.status === 404) return say(outcome, "This service has no classroom: it runs with CLASSROOM=false.");
    if (!answer.ok) return say(outcome, reason(answer.problem), "bad");
    say(outcome, "");
    known = true;
    room.open = true;
  });
  // What one person's token brought is not for whoever comes next.
  onChange(({ pass }, before) => pass === null && before.pass !== null && forgetRows());
}

function forgetRows() {
  for (const said of room.querySelectorAll(".step .outcome")) say(said, "");
  for (const list of room.querySelectorAll(".step-rows")) list.replaceChildren();
  for (const form of room.querySelectorAll("form")) form.reset();
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
  // Several steps have the same word on their button.
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
  if (!answer.ok) return say(said, `${answer.status || "No answer"}: ${reason(answer.problem)}`, "bad");
  // A password stays in its field no longer than it is needed.
  for (const secret of form.querySelectorAll("[type=password]")) secret.value = "";
  try {
    say(said, await step.read(answer), "good");
    if (step.rows) list.append(...answer.body.map((entry) => shownRow(step, entry, said)));
  } catch {
    say(said, "The answer has another shape than the course’s.", "bad");
  }
  if (step.afterwards) await send(...step.afterwards.split(" "));
}

function shownRow(step, entry, said) {
  const li = element("li", "", element("span", "", step.rows(entry)));
  if (!step.removable) return li;
  const button = element("button", "quiet", "Delete", element("span", "unseen", ` row ${entry.id}`));
  button.type = "button";
  button.addEventListener("click", async () => {
    // The course's page takes the row out at once, whatever the server will say. The focus stays near.
    const next = li.nextElementSibling ?? li.previousElementSibling;
    (next ?? li.closest(".step")).querySelector("button").focus();
    li.remove();
    const answer = await withToken("DELETE", `/authtest/delete/${entry.id}`);
    say(said, answer.ok ? answer.body : `${answer.status || "No answer"}: ${reason(answer.problem)}`, answer.ok ? "good" : "bad");
    await withToken("GET", "/authtest/getall");
  });
  li.append(button);
  return li;
}

// As in the course also for an emptied field; but an answer that is late does not overwrite a newer one.
async function showPresent(form) {
  // A collection of fields has an `item` of its own, which hides the field of that name.
  const [id, item] = ["id", "item"].map((name) => form.elements.namedItem(name));
  const asked = id.value;
  const answer = await withToken("GET", `/authtest/${encodeURIComponent(asked)}`);
  if (answer.ok && answer.body?.authtestdata && id.value === asked) item.value = answer.body.authtestdata;
}
