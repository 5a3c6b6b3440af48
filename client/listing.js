// A list of the user's entries: add, search, sort, load more. Items and workout logs use it. Rows are in entry-row.js.

import { byId, say } from "./dom.js";
import { entryRow } from "./entry-row.js";
import { onSubmit, showErrors, values } from "./form.js";
import { reason } from "./glossary.js";
import { authorised, onChange } from "./session.js";

const PAGE = 20;
const NEWEST_FIRST = "-createdAt";

/**
 * Wires the panel of one kind. `path` is its route, `one` and `many` are parts of its element ids, and `spoken` has its
 * names for messages. `title` is the member that names an entry. `describe` writes a complete entry, `saved` a change.
 */
export const openListing = (kind) => new Panel(kind).open();

class Panel {
  constructor(kind) {
    const { one, many } = kind;
    this.kind = kind;
    this.list = byId(many);
    this.more = byId(`more-${many}`);
    this.outcome = byId(`${many}-outcome`);
    this.find = byId(`find-${many}`);
    this.adding = byId(`add-${one}`);
    this.nextCursor = null;
    this.latestRequest = 0;
  }

  open() {
    const { q, sort } = this.find.elements;
    onSubmit(this.adding, () => this.add());
    onSubmit(this.find, () => this.load());
    sort.addEventListener("change", () => this.load());
    // The clear button of a search field does not submit the form.
    q.addEventListener("input", () => q.value === "" && this.load());
    this.more.addEventListener("click", () => this.load(this.nextCursor));
    onChange((now, before) => this.openOrClose(now, before));
  }

  openOrClose({ credential, state }, before) {
    const { many } = this.kind;
    const open = state === "accepted";
    const inside = byId(`${many}-open`);
    inside.hidden = !open;
    byId(`${many}-closed`).hidden = open;
    const sameUser = credential === before.credential && before.state === "accepted";
    if (open && sameUser) return;
    // The account panel says why the list closed.
    if (!open && inside.contains(document.activeElement)) byId("account-title").focus();
    this.list.replaceChildren();
    this.more.hidden = true;
    this.say("");
    if (open) this.load(null, { refresh: true });
  }

  /** Loads the first page, or the next page with a cursor. */
  async load(cursor = null, options = {}) {
    const request = ++this.latestRequest;
    const { q, sort } = this.find.elements;
    const query = new URLSearchParams({ limit: PAGE, sort: sort.value });
    if (q.value) query.set("q", q.value);
    if (cursor) query.set("cursor", cursor);

    const answer = await authorised("GET", `${this.kind.path}?${query}`, options);
    if (request !== this.latestRequest) return;
    if (!answer.ok) return this.say(reason(answer.problem), "bad");

    const rows = answer.body.items.map((entry) => this.row(entry));
    if (cursor) this.list.append(...rows);
    else this.list.replaceChildren(...rows);
    this.nextCursor = answer.body.nextCursor;
    this.more.hidden = this.nextCursor === null;
    // The focused button may just have been hidden.
    if (cursor) rows[0]?.focus();
    this.count();
  }

  count() {
    const { one, many } = this.kind.spoken;
    const shown = this.list.children.length;
    const entries = shown === 1 ? `1 ${one}` : `${shown} ${many}`;
    if (shown === 0) this.say(this.find.elements.q.value ? `No ${one} matches.` : `No ${many} yet. Add the first one.`);
    else this.say(this.nextCursor ? `${entries} shown, and there are more.` : `${entries} shown.`);
  }

  async add() {
    const answer = await authorised("POST", this.kind.path, { body: values(this.adding) });
    if (!answer.ok) return showErrors(this.adding, answer);
    this.adding.reset();
    this.startOfAdding.focus();
    const { q, sort } = this.find.elements;
    if (q.value || sort.value !== NEWEST_FIRST) {
      // Only the server can place the new entry in this order.
      await this.load();
    } else {
      this.list.prepend(this.row(answer.body, answer.headers.get("ETag")));
    }
    this.say(`Added ${answer.body[this.kind.title]}.`, "good");
  }

  get startOfAdding() {
    return this.adding.elements[this.kind.title];
  }

  row(entry, etag) {
    return entryRow(this.kind, entry, this, etag);
  }

  say(text, tone) {
    say(this.outcome, text, tone);
  }

  /** Removes a row and moves the focus to its neighbour. */
  remove(row, text) {
    const held = row.contains(document.activeElement) || document.activeElement === document.body;
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    this.say(text, "good");
    if (held) (next ?? this.startOfAdding).focus();
  }
}
