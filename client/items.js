// The items of the user: adding, searching, ordering, paging. What happens inside one row is item-row.js's.

import { byId, say } from "./dom.js";
import { onSubmit, showRefusal } from "./form.js";
import { reason } from "./glossary.js";
import { itemRow } from "./item-row.js";
import { authorised, onChange } from "./session.js";

const PAGE = 20;
const NEWEST_FIRST = "-createdAt";

const list = byId("items");
const more = byId("more-items");
const outcome = byId("items-outcome");
const find = byId("find-items");

let nextCursor = null;
let latestRequest = 0;

export function openItems() {
  onSubmit(byId("add-item"), add);
  onSubmit(find, () => load());
  byId("find-sort").addEventListener("change", () => load());
  // The cross of a search field empties it without a submission.
  byId("find-q").addEventListener("input", ({ target }) => target.value === "" && load());
  more.addEventListener("click", () => load(nextCursor));
  onChange(openOrClose);
}

function openOrClose({ token, standing }, before) {
  const open = standing === "accepted";
  byId("items-open").hidden = !open;
  byId("items-closed").hidden = open;
  const sameUser = token === before.token && before.standing === "accepted";
  if (open && sameUser) return;
  // The account tells why the items closed under the focus.
  if (!open && byId("items-open").contains(document.activeElement)) byId("account-title").focus();
  list.replaceChildren();
  more.hidden = true;
  say(outcome, "");
  if (open) load();
}

/** The first page, or with a cursor the page after the rows that are shown. */
async function load(cursor = null) {
  const request = ++latestRequest;
  const { q, sort } = find.elements;
  const query = new URLSearchParams({ limit: PAGE, sort: sort.value });
  if (q.value) query.set("q", q.value);
  if (cursor) query.set("cursor", cursor);

  const answer = await authorised("GET", `/api/items?${query}`);
  if (request !== latestRequest) return;
  if (!answer.ok) return say(outcome, reason(answer.problem), "bad");

  const rows = answer.body.items.map((item) => itemRow(item, panel));
  if (cursor) list.append(...rows);
  else list.replaceChildren(...rows);
  nextCursor = answer.body.nextCursor;
  more.hidden = nextCursor === null;
  // The button may just have vanished under the focus, and the new rows are what was asked for.
  if (cursor) rows[0]?.focus();
  count();
}

function count() {
  const shown = list.children.length;
  const items = shown === 1 ? "1 item" : `${shown} items`;
  if (shown === 0) say(outcome, find.elements.q.value ? "No item matches." : "No items yet. Add the first one.");
  else say(outcome, nextCursor ? `${items} shown, and there are more.` : `${items} shown.`);
}

async function add({ name }) {
  const form = byId("add-item");
  const answer = await authorised("POST", "/api/items", { body: { name: name.value } });
  if (!answer.ok) return showRefusal(form, answer);
  form.reset();
  name.focus();
  const { q, sort } = find.elements;
  if (q.value || sort.value !== NEWEST_FIRST) {
    // Only the server knows where in this order the new item belongs.
    await load();
  } else {
    list.prepend(itemRow(answer.body, panel, answer.headers.get("ETag")));
  }
  say(outcome, `Added ${answer.body.name}.`, "good");
}

/** What a row may do to the panel around it. */
const panel = {
  say: (text, tone) => say(outcome, text, tone),

  /** Takes a row out and moves the focus to where a person would look next. */
  remove(row, text) {
    const held = row.contains(document.activeElement) || document.activeElement === document.body;
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    say(outcome, text, "good");
    if (held) (next ?? byId("add-item-name")).focus();
  },
};
