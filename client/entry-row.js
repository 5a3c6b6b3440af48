// One row of a list: edit in place, delete, and resolve a conflict with a concurrent change.

import { fromTemplate, localMinute } from "./dom.js";
import { clearErrors, onSubmit, showErrors, values } from "./form.js";
import { reason } from "./glossary.js";
import { authorised } from "./session.js";

let rowsMade = 0;

/** Creates the row of an entry. `panel` shows messages and removes rows. */
export const entryRow = (kind, entry, panel, etag) => new EntryRow(kind, entry, panel, etag).element;

/**
 * A row sends the ETag of the version it shows with each change. Lists contain no ETags, so a row fetches its ETag when
 * an edit starts.
 */
class EntryRow {
  constructor(kind, entry, panel, etag = null) {
    this.kind = kind;
    this.element = fromTemplate(`${kind.one}-row`);
    this.form = this.at(".item-edit");
    this.panel = panel;
    this.path = `${kind.path}/${entry.id}`;
    this.linkLabels();
    this.show(entry, etag);

    this.onClick(".edit", () => this.beginEdit());
    this.onClick(".delete", () => this.delete());
    this.onClick(".cancel", () => this.rest());
    this.onClick(".keep-theirs", () => this.keepTheirs());
    this.onClick(".mine-anyway", () => this.insist());
    this.form.addEventListener("keydown", ({ key }) => key === "Escape" && this.rest());
    onSubmit(this.form, () => this.save(values(this.form)));
  }

  at(selector) {
    return this.element.querySelector(selector);
  }

  // A second press during the first request would look like a conflict with another client.
  onClick(selector, act) {
    this.at(selector).addEventListener("click", async () => {
      if (this.acting) return;
      this.acting = true;
      try {
        await act();
      } finally {
        this.acting = false;
      }
    });
  }

  // Labels and messages refer to their field by id, and a template cannot contain unique ids.
  linkLabels() {
    const id = `${this.kind.one}-${++rowsMade}`;
    for (const field of this.form.querySelectorAll(".field")) {
      const input = field.querySelector("[name]");
      const message = field.querySelector(".field-error");
      input.id = `${id}-${input.name}`;
      message.id = `${input.id}-error`;
      field.querySelector("label").htmlFor = input.id;
      input.setAttribute("aria-describedby", message.id);
    }
    this.at(".conflict-text").id = `${id}-conflict`;
    this.at(".keep-theirs").setAttribute("aria-describedby", `${id}-conflict`);
  }

  get name() {
    return this.entry[this.kind.title];
  }

  show(entry, etag) {
    this.entry = entry;
    this.etag = etag;
    for (const place of this.element.querySelectorAll("[data-shows]")) place.textContent = entry[place.dataset.shows];
    this.at(".item-time").dateTime = entry.updatedAt;
    this.at(".item-time").textContent = localMinute(new Date(entry.updatedAt));
    // Screen readers need the name: "Delete" alone does not say what is deleted.
    for (const place of this.element.querySelectorAll(".whose")) place.textContent = ` ${place.dataset.says ?? ""}${this.name}`;
  }

  take(answer) {
    this.show(answer.body, answer.headers.get("ETag"));
  }

  reveal(part) {
    for (const selector of [".item-line", ".item-edit", ".conflict"]) this.at(selector).hidden = selector !== part;
  }

  rest() {
    clearErrors(this.form);
    this.reveal(".item-line");
    this.at(".edit").focus();
  }

  async beginEdit() {
    if (!this.etag) {
      const answer = await authorised("GET", this.path);
      if (!answer.ok) return this.showError(answer);
      this.take(answer);
    }
    for (const name of Object.keys(values(this.form))) this.form.elements[name].value = this.entry[name];
    this.reveal(".item-edit");
    const first = this.form.elements[this.kind.title];
    first.focus();
    first.select();
  }

  async save(mine) {
    const answer = await authorised("PUT", this.path, { body: mine, ifMatch: this.etag });
    if (answer.status === 412) {
      return this.conflict(`You wrote “${this.kind.describe(mine)}”.`, "Save mine anyway", () => this.save(mine));
    }
    if (!answer.ok) return this.showError(answer);
    this.take(answer);
    this.panel.say(this.kind.saved(this.name), "good");
    this.rest();
  }

  async delete() {
    const answer = await authorised("DELETE", this.path, { ifMatch: this.etag });
    if (answer.status === 412) {
      return this.conflict("You asked to delete it.", "Delete it anyway", () => this.delete());
    }
    if (!answer.ok) return this.showError(answer);
    this.panel.remove(this.element, `Deleted ${this.name}.`);
  }

  // "Anyway" sends the ETag of the version shown here, so another change in between is a new conflict.
  async conflict(mine, label, insist) {
    const theirs = await authorised("GET", this.path);
    if (!theirs.ok) return this.showError(theirs);
    this.take(theirs);
    this.insist = insist;
    this.at(".conflict-text").textContent = `Changed elsewhere: it is “${this.kind.describe(theirs.body)}” now. ${mine}`;
    this.at(".mine-anyway").textContent = label;
    this.panel.say("");
    this.reveal(".conflict");
    this.at(".keep-theirs").focus();
  }

  keepTheirs() {
    this.panel.say(`Kept ${this.name}.`, "good");
    this.rest();
  }

  showError(answer) {
    if (answer.status === 404) this.panel.remove(this.element, `${this.name} was deleted elsewhere.`);
    else if (this.form.hidden) this.panel.say(reason(answer.problem), "bad");
    else showErrors(this.form, answer);
  }
}
