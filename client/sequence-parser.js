// Reads a subset of Mermaid sequence diagrams. A line that is not in the subset becomes a step of its own with its text.

const MESSAGE = /^(.+?)\s*(-->>|->>|-->|->|--\)|-\))\s*[+-]?\s*([^:]+?)\s*:\s*(.*)$/;
const NOTE = /^note\s+(over|right of|left of)\s+([^:]+?)\s*:\s*(.*)$/i;
const PARTICIPANT = /^(participant|actor)\s+(.+?)(?:\s+as\s+(.+))?$/;
const BLOCK = /^(alt|opt|loop|par)\b\s*(.*)$/;
const SECTION = /^(else|and)\b\s*(.*)$/;
// The kind of block that a section belongs to.
const BLOCK_OF = { else: "alt", and: "par" };

/**
 * Returns `{title, isNumbered, participants, steps}`. A participant is `{id, label, isActor}`. A step is a message
 * `{type: "message", from, to, isDashed, head, text, number}`, a note `{type: "note", place, of, text}`, the start of a
 * block `{type: "block", kind, text}`, its next section `{type: "section", kind, text}`, its end `{type: "end"}`, or
 * `{type: "unknown", text}`.
 */
export function parseSequence(text) {
  const diagram = { title: "", isNumbered: false, participants: [], steps: [] };
  const open = [];
  for (const raw of String(text ?? "").split("\n")) {
    const line = raw.trim();
    if (line !== "" && !line.startsWith("%%") && line !== "sequenceDiagram") read(line, diagram, open);
  }
  // A block without an end ends with the diagram.
  for (let left = open.length; left > 0; left -= 1) diagram.steps.push({ type: "end" });
  number(diagram);
  return diagram;
}

function read(line, diagram, open) {
  const step = declaration(line, diagram) ?? message(line, diagram) ?? note(line, diagram) ?? block(line, open);
  if (step === "declared") return;
  diagram.steps.push(step ?? { type: "unknown", text: decoded(line) });
}

function declaration(line, diagram) {
  if (line === "autonumber") diagram.isNumbered = true;
  else if (/^title\b/.test(line)) diagram.title = decoded(line.replace(/^title\s*:?\s*/, ""));
  else {
    const [, kind, id, label = id] = line.match(PARTICIPANT) ?? [];
    if (!kind) return undefined;
    Object.assign(participant(id, diagram), { label: decoded(label), isActor: kind === "actor" });
  }
  return "declared";
}

/** The participant of this name. A name that was not declared is a participant from its first use on. */
function participant(id, { participants }) {
  const known = participants.find((each) => each.id === id);
  if (known) return known;
  const added = { id, label: decoded(id), isActor: false };
  participants.push(added);
  return added;
}

function message(line, diagram) {
  const [, from, arrow, to, text] = line.match(MESSAGE) ?? [];
  if (!arrow) return undefined;
  for (const id of [from, to]) participant(id, diagram);
  const head = { ">>": "filled", ">": "none", ")": "open" }[arrow.replace(/^-+/, "")];
  return { type: "message", from, to, isDashed: arrow.startsWith("--"), head, text: decoded(text) };
}

function note(line, diagram) {
  const [, place, names, text] = line.match(NOTE) ?? [];
  if (!place) return undefined;
  const of = names.split(",").map((name) => name.trim()).filter(Boolean);
  if (of.length === 0) return undefined;
  for (const id of of) participant(id, diagram);
  return { type: "note", place: place.toLowerCase(), of, text: decoded(text) };
}

function block(line, open) {
  const [, kind, text] = line.match(BLOCK) ?? [];
  if (kind) {
    open.push(kind);
    return { type: "block", kind, text: decoded(text) };
  }
  const [, section, condition] = line.match(SECTION) ?? [];
  if (section && open.at(-1) === BLOCK_OF[section]) return { type: "section", kind: section, text: decoded(condition) };
  return line === "end" && open.pop() ? { type: "end" } : undefined;
}

function number({ isNumbered, steps }) {
  if (!isNumbered) return;
  steps.filter(({ type }) => type === "message").forEach((step, index) => { step.number = index + 1; });
}

/** The text with Mermaid's escapes: `<br/>` is a line break, `#59;` a character by its number. */
const decoded = (text) => text
  .replace(/<br\s*\/?>/gi, "\n")
  .replace(/#(\d{1,6});/g, (escape, code) => (code <= 0x10ffff ? String.fromCodePoint(code) : escape));

/** Escapes text for a label of a diagram. */
export const escapeLabel = (text) => text
  .replace(/[#;<>]/g, (character) => `#${character.charCodeAt(0)};`)
  .replace(/\s*\n\s*/g, "<br/>");
