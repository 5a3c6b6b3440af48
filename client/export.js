// Saves the user's data as a file.

import { byId, element, onPress, say } from "./dom.js";
import { reason } from "./glossary.js";
import { authorised, onChange } from "./session.js";

const FILE = "daypass-export.json";

const outcome = byId("export-outcome");

export function openExport() {
  onPress(byId("export"), saveData);
  onChange(({ credential }, before) => credential !== before.credential && say(outcome, ""));
}

async function saveData() {
  say(outcome, "");
  const answer = await authorised("GET", "/api/users/me/export", { file: true });
  if (!answer.ok) return say(outcome, reason(answer.problem), "bad");
  save(answer.text);
  say(outcome, `Saved as ${FILE}.`, "good");
}

function save(text) {
  const link = element("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = FILE;
  link.click();
  // The browser reads the text after this function has returned.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
