import assert from "node:assert/strict";
import { elsewhere, scene } from "./person.js";

const ROWING = { description: "row 2 km", definition: "Time", result: "7:42" };

/** What the list shows: each row's description, definition and result. */
const shown = (person) => person.at("#logs .item").evaluateAll((rows) => rows.map((row) => (
  [...row.querySelectorAll("[data-shows]")].map((place) => place.textContent))));

async function edits(person, values) {
  await person.at("#logs .edit").first().click();
  await person.fills("#logs .item-edit:not([hidden])", values);
  await person.page.keyboard.press("Enter");
}

/** The only log, as another device of the same user changes it. */
async function isChangedElsewhere(person, changes) {
  const token = await person.token();
  const { items: [{ id }] } = await elsewhere("GET", "/api/workout-logs", { token });
  await elsewhere("PUT", `/api/workout-logs/${id}`, { token, body: changes });
  return () => elsewhere("GET", `/api/workout-logs/${id}`, { token });
}

scene("workout logs can be created, edited and deleted", async (ada) => {
  await ada.sees("#logs-closed", "Sign in");
  await ada.seesNothingOf("#add-log");
  await ada.signsUp();
  await ada.sees("#logs-outcome", "No workout logs yet.");
  await ada.logs(ROWING);
  await ada.hasFocusOn("#add-log-description");
  await ada.logs({ description: "stretch", definition: "", result: "" });
  assert.deepEqual(await shown(ada), [["stretch", "", ""], ["row 2 km", "Time", "7:42"]]);
  await ada.photograph("workout logs");

  await ada.page.reload();
  await ada.sees("#logs-outcome", "2 workout logs shown.");
  await edits(ada, { definition: "Minutes", result: "10" });
  await ada.sees("#logs-outcome", "Saved stretch.");
  await ada.hasFocusOn("#logs .item:nth-child(1) .edit");
  assert.deepEqual(await shown(ada), [["stretch", "Minutes", "10"], ["row 2 km", "Time", "7:42"]]);

  await ada.at("#logs .delete").first().click();
  await ada.sees("#logs-outcome", "Deleted stretch.");
  await ada.hasFocusOn("#logs .item:nth-child(1)");
  await ada.at("#logs .delete").first().click();
  await ada.sees("#logs-outcome", "Deleted row 2 km.");
  await ada.hasFocusOn("#add-log-description");
  await ada.at("#end .sign-out").click();
  await ada.sees("#logs-closed");
});

scene("invalid fields of a workout log are reported at the fields", async (ada) => {
  await ada.signsUp();
  await ada.sends("#add-log", { description: "", result: "x".repeat(256) });
  await ada.sees("#add-log-description-error", /\w/);
  await ada.sees("#add-log-result-error", /\w/);
  await ada.hasFocusOn("#add-log-description");
  await ada.logs(ROWING);
  await ada.seesNothingOf("#add-log-result-error");
  await edits(ada, { description: "" });
  await ada.sees("#logs .item-edit .field-error", /\w/);
  await ada.page.keyboard.press("Escape");
  await ada.hasFocusOn("#logs .edit");
  assert.deepEqual(await shown(ada), [["row 2 km", "Time", "7:42"]]);
});

scene("workout logs are shown as text, whatever they contain", async (ada) => {
  await ada.signsUp();
  const text = `<img src=x onerror=alert(1)> "魚" ${"long".repeat(30)}`;
  await ada.logs({ description: text, definition: text, result: text });
  assert.deepEqual(await shown(ada), [[text, text, text]]);
  assert.equal(await ada.at("#logs img").count(), 0);
});

scene("workout logs can be paged, searched and sorted", async (ada) => {
  await ada.signsUp();
  const token = await ada.token();
  const all = Array.from({ length: 25 }, (_, index) => `Run ${String(index + 1).padStart(2, "0")}`);
  for (const description of all) await elsewhere("POST", "/api/workout-logs", { token, body: { description } });
  await ada.page.reload();
  await ada.sees("#logs-outcome", "20 workout logs shown, and there are more.");
  await ada.at("#more-logs").click();
  await ada.sees("#logs-outcome", "25 workout logs shown.");
  await ada.hasFocusOn("#logs .item:nth-child(21)");

  await ada.at("#find-logs-sort").selectOption("description");
  await ada.sees("#logs-outcome", "20 workout logs shown, and there are more.");
  assert.deepEqual((await shown(ada)).map(([description]) => description), all.slice(0, 20));
  await ada.sends("#find-logs", { q: "run 1" });
  await ada.sees("#logs-outcome", "10 workout logs shown.");
  await ada.sends("#find-logs", { q: "swim" });
  await ada.sees("#logs-outcome", "No workout log matches.");
  await ada.logs({ description: "swim" });
  assert.deepEqual(await shown(ada), [["swim", "", ""]]);
});

scene("a conflict over a workout log shows all fields, and theirs can be kept", async (ada) => {
  await ada.signsUp();
  await ada.logs(ROWING);
  await isChangedElsewhere(ada, { result: "7:31" });
  await edits(ada, { result: "7:50" });
  await ada.sees("#logs .conflict-text", "it is “row 2 km, Time, 7:31” now. You wrote “row 2 km, Time, 7:50”.");
  await ada.hasFocusOn("#logs .keep-theirs");
  await ada.photograph("workout log conflict");
  await ada.at("#logs .keep-theirs").click();
  await ada.hasFocusOn("#logs .edit");
  assert.deepEqual(await shown(ada), [["row 2 km", "Time", "7:31"]]);
});

scene("a conflict over a workout log is resolved by saving mine or by deleting it", async (ada) => {
  await ada.signsUp();
  await ada.logs(ROWING);
  const present = await isChangedElsewhere(ada, { result: "7:31" });
  await edits(ada, { result: "7:50" });
  await ada.at("#logs .mine-anyway").click();
  await ada.sees("#logs-outcome", "Saved row 2 km.");
  assert.equal((await present()).result, "7:50");

  await isChangedElsewhere(ada, { description: "row 5 km" });
  await ada.at("#logs .delete").click();
  await ada.sees("#logs .conflict-text", "it is “row 5 km, Time, 7:50” now. You asked to delete it.");
  await ada.at("#logs .mine-anyway").click();
  await ada.sees("#logs-outcome", "Deleted row 5 km.");
});
