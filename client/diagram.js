// The last requests of the page as a sequence diagram, next to their list.

import { byId, copy, onPress, say } from "./dom.js";
import { exchanges } from "./exchange.js";
import { mermaidOf } from "./mermaid.js";
import { isRefresh } from "./requests.js";
import { drawSequence } from "./sequence.js";

const MAX_REQUESTS = 20;

const panel = byId("diagram");
const box = byId("diagram-box");

let requests = [];

export function openDiagram() {
  exchanges.addEventListener("exchange", ({ detail }) => {
    if (!isRefresh(detail)) show([...requests, detail].slice(-MAX_REQUESTS));
  });
  byId("clear-exchanges").addEventListener("click", () => show([]));
  panel.addEventListener("toggle", () => show(requests));
  onPress(byId("copy-diagram"), copyText);
}

function show(next) {
  requests = next;
  say(byId("diagram-copied"), "");
  if (!panel.open) return box.replaceChildren();
  box.replaceChildren(drawSequence(mermaidOf(requests), { document }));
  // The newest request is at the end.
  box.scrollTop = box.scrollHeight;
}

async function copyText() {
  const copied = await copy(mermaidOf(requests));
  say(byId("diagram-copied"), copied ? "Copied. Paste it where Mermaid is rendered, such as Markdown." : "The browser did not allow copying.");
}
