// The page of a flow: draws its diagrams. Without this script, the page shows the text of the diagrams.

import { element } from "./dom.js";
import { drawSequence } from "./sequence.js";

const title = document.querySelector("h1").textContent;

document.querySelectorAll("pre.sequence").forEach((text, index) => {
  const drawing = drawSequence(text.textContent, { document });
  const fold = element("details", "sequence-text", element("summary", "", "The diagram as text"));
  const name = index === 0 ? `Diagram: ${title}` : `Diagram ${index + 1}: ${title}`;
  text.replaceWith(scrollable(name, drawing), fold);
  fold.append(text);
});

// A wide diagram scrolls in its own box, which the keyboard must reach.
function scrollable(name, drawing) {
  const box = element("div", "sequence-box", drawing);
  box.tabIndex = 0;
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", name);
  return box;
}
