import assert from "node:assert/strict";
import { elsewhere, scene } from "./person.js";

async function rename(person, from, to) {
  await person.item(from).locator(".edit").click();
  await person.fills(".item-edit:not([hidden])", { name: to });
  await person.page.keyboard.press("Enter");
}

/** Somebody changes the item after this person began to, so that the person's own change comes too late. */
async function conflict(person, { mine, theirs }) {
  const token = await person.token();
  const { items: [{ id }] } = await elsewhere("GET", "/api/items", { token });
  await elsewhere("PUT", `/api/items/${id}`, { token, body: { name: theirs } });
  await rename(person, "Bread", mine);
  await person.sees(".conflict-text", `it is “${theirs}” now. You wrote “${mine}”.`);
  await person.hasFocusOn(".keep-theirs");
  return () => elsewhere("GET", `/api/items/${id}`, { token });
}

scene("items can be created, renamed and deleted", async (ada) => {
  await ada.signsUp();
  await ada.sees("#items-outcome", "No items yet.");
  await ada.adds("Bread");
  await ada.adds("Milk");
  assert.deepEqual(await ada.names(), ["Milk", "Bread"]);

  await rename(ada, "Bread", "Rye bread");
  await ada.sees("#items-outcome", "Renamed to Rye bread.");
  await ada.hasFocusOn(".item:nth-child(2) .edit");

  await ada.item("Milk").locator(".delete").click();
  await ada.sees("#items-outcome", "Deleted Milk.");
  await ada.hasFocusOn(".item:nth-child(1)");
  await ada.item("Rye bread").locator(".delete").click();
  await ada.sees("#items-outcome", "Deleted Rye bread.");
  await ada.hasFocusOn("#add-item-name");

  await ada.page.reload();
  await ada.sees("#items-outcome", "No items yet.");
});

scene("a missing item name is reported at its field", async (ada) => {
  await ada.signsUp();
  await ada.sends("#add-item", { name: "" });
  await ada.sees("#add-item-name-error", /\w/);
  await ada.adds("Bread");
  await rename(ada, "Bread", "");
  await ada.sees(".item-edit .field-error", /\w/);
  await ada.page.keyboard.press("Escape");
  await ada.hasFocusOn(".edit");
  assert.deepEqual(await ada.names(), ["Bread"]);
});

scene("item names are shown as text, whatever they contain", async (ada) => {
  await ada.signsUp();
  const name = `<img src=x onerror=alert(1)> "Fish & chips" – 魚 ${"long".repeat(30)}`;
  await ada.adds(name);
  assert.deepEqual(await ada.names(), [name]);
  assert.equal(await ada.at("#items img").count(), 0);
});

scene("items can be paged, searched and sorted", async (ada) => {
  await ada.signsUp();
  const token = await ada.token();
  const all = Array.from({ length: 45 }, (_, index) => `Item ${String(index + 1).padStart(2, "0")}`);
  for (const name of all) await elsewhere("POST", "/api/items", { token, body: { name } });
  await ada.page.reload();

  await ada.sees("#items-outcome", "20 items shown, and there are more.");
  await ada.at("#more-items").click();
  await ada.sees("#items-outcome", "40 items shown, and there are more.");
  await ada.hasFocusOn(".item:nth-child(21)");
  await ada.at("#more-items").click();
  await ada.sees("#items-outcome", "45 items shown.");
  await ada.seesNothingOf("#more-items");
  assert.deepEqual(await ada.names(), all.toReversed());

  await ada.at("#find-sort").selectOption("name");
  await ada.sees("#items-outcome", "20 items shown, and there are more.");
  assert.deepEqual(await ada.names(), all.slice(0, 20));

  await ada.sends("#find-items", { q: "Item 3" });
  await ada.sees("#items-outcome", "10 items shown.");
  assert.deepEqual(await ada.names(), all.slice(29, 39));
  await ada.sends("#find-items", { q: "nothing like it" });
  await ada.sees("#items-outcome", "No item matches.");
  await ada.at("#find-q").fill("");
  await ada.sees("#items-outcome", "20 items shown, and there are more.");
});

scene("a conflict with a second tab is shown at the row, and theirs can be kept", async (ada) => {
  await ada.signsUp();
  await ada.adds("Bread");
  const first = ada.page;
  await ada.turnsTo(await ada.openTab());
  await rename(ada, "Bread", "Their bread");
  await ada.sees("#items-outcome", "Renamed to Their bread.");

  await ada.turnsTo(first);
  await rename(ada, "Bread", "My bread");
  await ada.sees(".conflict-text", "Changed elsewhere: it is “Their bread” now. You wrote “My bread”.");
  await ada.photograph("conflict");
  await ada.at(".keep-theirs").click();
  await ada.hasFocusOn(".edit");
  assert.deepEqual(await ada.names(), ["Their bread"]);
});

scene("a conflict is resolved by saving mine", async (ada) => {
  await ada.signsUp();
  await ada.adds("Bread");
  const present = await conflict(ada, { mine: "My bread", theirs: "Their bread" });
  await ada.at(".mine-anyway").click();
  await ada.sees("#items-outcome", "Renamed to My bread.");
  assert.equal((await present()).name, "My bread");
});

scene("deleting an item that changed elsewhere asks first", async (ada) => {
  await ada.signsUp();
  await ada.adds("Bread");
  const token = await ada.token();
  const { items: [{ id }] } = await elsewhere("GET", "/api/items", { token });
  await elsewhere("PUT", `/api/items/${id}`, { token, body: { name: "Tax papers" } });
  await ada.item("Bread").locator(".delete").click();
  await ada.sees(".conflict-text", "it is “Tax papers” now. You asked to delete it.");
  await ada.at(".mine-anyway").click();
  await ada.sees("#items-outcome", "Deleted Tax papers.");
});

scene("an item that was deleted elsewhere disappears from the list", async (ada) => {
  await ada.signsUp();
  await ada.adds("Bread");
  const token = await ada.token();
  const { items: [{ id }] } = await elsewhere("GET", "/api/items", { token });
  await elsewhere("DELETE", `/api/items/${id}`, { token });
  await rename(ada, "Bread", "My bread");
  await ada.sees("#items-outcome", "Bread was deleted elsewhere.");
  assert.deepEqual(await ada.names(), []);
});

scene("a token rejected during an edit closes the items and shows the reason", async (ada) => {
  await ada.signsUp();
  await ada.adds("Bread");
  await ada.page.route("**/api/items/*", (route) => route.fulfill({
    status: 401,
    contentType: "application/problem+json",
    body: JSON.stringify({ status: 401, code: "revoked", detail: "The session was ended." }),
  }));
  await rename(ada, "Bread", "Rye bread");
  await ada.sees("#items-closed");
  await ada.sees("#token-problem-text", "revoked");
  await ada.sees("#stamp", "rejected: revoked");
  await ada.hasFocusOn("#account-title");
  assert.deepEqual(await ada.names(), []);
});
