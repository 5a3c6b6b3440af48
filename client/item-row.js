// One row of the items: renaming in place, deleting, and settling a conflict with whoever changed it meanwhile.

import { fromTemplate, localMinute } from "./dom.js";
import { clearRefusal, onSubmit, showRefusal } from "./form.js";
import { reason } from "./glossary.js";
import { authorised } from "./session.js";

let rowsMade = 0;

export const itemRow = (item, panel, etag) => new ItemRow(item, panel, etag).element;

/**
 * A row knows the version it shows by its ETag, and sends it along with each change. The list carries no ETags, so a row
 * from the list asks for its own when an edit begins.
 */
class ItemRow {
  constructor(item, panel, etag = null) {
    this.element = fromTemplate("item-row");
    this.form = this.at(".item-edit");
    this.field = this.form.elements.name;
    this.panel = panel;
    this.path = `/api/items/${item.id}`;
    this.linkLabels();
    this.show(item, etag);

    this.onClick(".rename", () => this.beginRename());
    this.onClick(".delete", () => this.delete());
    this.onClick(".cancel", () => this.rest());
    this.onClick(".keep-theirs", () => this.keepTheirs());
    this.onClick(".mine-anyway", () => this.insist());
    this.form.addEventListener("keydown", ({ key }) => key === "Escape" && this.rest());
    onSubmit(this.form, () => this.rename(this.field.value));
  }

  at(selector) {
    return this.element.querySelector(selector);
  }

  // A second press while the first is on its way would be answered as if somebody else had acted in between.
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

  // Labels and messages find their field by id, and a template can not carry ids that are to be unique.
  linkLabels() {
    const id = `item-${++rowsMade}`;
    this.field.id = `${id}-name`;
    this.form.querySelector("label").htmlFor = `${id}-name`;
    this.form.querySelector(".field-error").id = `${id}-error`;
    this.field.setAttribute("aria-describedby", `${id}-error`);
    this.at(".conflict-text").id = `${id}-conflict`;
    this.at(".keep-theirs").setAttribute("aria-describedby", `${id}-conflict`);
  }

  show(item, etag) {
    this.item = item;
    this.etag = etag;
    this.at(".item-name").textContent = item.name;
    this.at(".item-time").dateTime = item.updatedAt;
    this.at(".item-time").textContent = localMinute(new Date(item.updatedAt));
    for (const name of this.element.querySelectorAll(".unseen")) name.textContent = ` ${item.name}`;
  }

  take(answer) {
    this.show(answer.body, answer.headers.get("ETag"));
  }

  reveal(part) {
    for (const selector of [".item-line", ".item-edit", ".conflict"]) this.at(selector).hidden = selector !== part;
  }

  rest() {
    clearRefusal(this.form);
    this.reveal(".item-line");
    this.at(".rename").focus();
  }

  async beginRename() {
    if (!this.etag) {
      const answer = await authorised("GET", this.path);
      if (!answer.ok) return this.refused(answer);
      this.take(answer);
    }
    this.form.querySelector("label").textContent = `New name for ${this.item.name}`;
    this.field.value = this.item.name;
    this.reveal(".item-edit");
    this.field.focus();
    this.field.select();
  }

  async rename(name) {
    const answer = await authorised("PUT", this.path, { body: { name }, ifMatch: this.etag });
    if (answer.status === 412) {
      return this.conflict(`You wrote “${name}”.`, "Save mine anyway", () => this.rename(name));
    }
    if (!answer.ok) return this.refused(answer);
    this.take(answer);
    this.panel.say(`Renamed to ${this.item.name}.`, "good");
    this.rest();
  }

  async delete() {
    const answer = await authorised("DELETE", this.path, { ifMatch: this.etag });
    if (answer.status === 412) {
      return this.conflict("You asked to delete it.", "Delete it anyway", () => this.delete());
    }
    if (!answer.ok) return this.refused(answer);
    this.panel.remove(this.element, `Deleted ${this.item.name}.`);
  }

  // "Anyway" still names the version shown here: a third change in between is a conflict of its own.
  async conflict(mine, label, insist) {
    const theirs = await authorised("GET", this.path);
    if (!theirs.ok) return this.refused(theirs);
    this.take(theirs);
    this.insist = insist;
    this.at(".conflict-text").textContent = `Changed elsewhere: it is “${this.item.name}” now. ${mine}`;
    this.at(".mine-anyway").textContent = label;
    this.panel.say("");
    this.reveal(".conflict");
    this.at(".keep-theirs").focus();
  }

  keepTheirs() {
    this.panel.say(`Kept ${this.item.name}.`, "good");
    this.rest();
  }

  refused(answer) {
    if (answer.status === 404) this.panel.remove(this.element, `${this.item.name} was deleted elsewhere.`);
    else if (this.form.hidden) this.panel.say(reason(answer.problem), "bad");
    else showRefusal(this.form, answer);
  }
}
