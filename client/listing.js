// A list of the user's own entries: adding, searching, ordering, paging. Items and workout logs are two kinds of it.
// What happens inside one row is entry-row.js's.

import { byId, say } from "./dom.js";
import { entryRow } from "./entry-row.js";
import { onSubmit, showRefusal, values } from "./form.js";
import { reason } from "./glossary.js";
import { authorised, onChange } from "./session.js";

const PAGE = 20;
const NEWEST_FIRST = "-createdAt";

/**
 * Opens the panel of one kind. `path` is where its entries are, `one` and `many` name its parts of the page, `spoken`
 * what a person calls them; `title` is the member an entry goes by. `tell` writes a whole entry, `saved` what a change
 * came to.
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
    // The cross of a search field empties it without a submission.
    q.addEventListener("input", () => q.value === "" && this.load());
    this.more.addEventListener("click", () => this.load(this.nextCursor));
    onChange((now, before) => this.openOrClose(now, before));
  }

  openOrClose({ pass, standing }, before) {
    const { many } = this.kind;
    const open = standing === "accepted";
    const inside = byId(`${many}-open`);
    inside.hidden = !open;
    byId(`${many}-closed`).hidden = open;
    const sameUser = pass === before.pass && before.standing === "accepted";
    if (open && sameUser) return;
    // The account tells why the list closed under the focus.
    if (!open && inside.contains(document.activeElement)) byId("account-title").focus();
    this.list.replaceChildren();
    this.more.hidden = true;
    this.say("");
    if (open) this.load();
  }

  /** The first page, or with a cursor the page after the rows that are shown. */
  async load(cursor = null) {
    const request = ++this.latestRequest;
    const { q, sort } = this.find.elements;
    const query = new URLSearchParams({ limit: PAGE, sort: sort.value });
    if (q.value) query.set("q", q.value);
    if (cursor) query.set("cursor", cursor);

    const answer = await authorised("GET", `${this.kind.path}?${query}`);
    if (request !== this.latestRequest) return;
    if (!answer.ok) return this.say(reason(answer.problem), "bad");

    const rows = answer.body.items.map((entry) => this.row(entry));
    if (cursor) this.list.append(...rows);
    else this.list.replaceChildren(...rows);
    this.nextCursor = answer.body.nextCursor;
    this.more.hidden = this.nextCursor === null;
    // The button may just have vanished under the focus, and the new rows are what was asked for.
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
    if (!answer.ok) return showRefusal(this.adding, answer);
    this.adding.reset();
    this.startOfAdding.focus();
    const { q, sort } = this.find.elements;
    if (q.value || sort.value !== NEWEST_FIRST) {
      // Only the server knows where in this order the new entry belongs.
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

  /** Takes a row out and moves the focus to where a person would look next. */
  remove(row, text) {
    const held = row.contains(document.activeElement) || document.activeElement === document.body;
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    this.say(text, "good");
    if (held) (next ?? this.startOfAdding).focus();
  }
}
