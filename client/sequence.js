// Draws sequence diagrams as SVG, with attributes and classes only, because the Content-Security-Policy forbids inline
// styles. sequence.css has the colours and fonts. sequence-parser.js reads the text.

import { parseSequence } from "./sequence-parser.js";

const SVG = "http://www.w3.org/2000/svg";
// All text is monospaced, so its width is known without measuring: 0.602 em at 14 units.
const CHARACTER = 8.43;
const LINE = 19;
const PAD = 12;
const LOOP = 34;
const MAX_LABEL = 26;
const MAX_NAME = 16;
const MAX_CONDITION = 36;
// A diagram of at most this width is made smaller to fit its container. A wider one would be too small to read.
const MAX_NARROW = 440;

/** Returns the diagram of a Mermaid text as an SVG element. A line that is not understood is shown as text. */
export function drawSequence(text, { document }) {
  return new Drawing(parseSequence(text), document).draw();
}

const cells = (text) => [...text].reduce((sum, sign) => sum + (sign >= "\u2e80" ? 2 : 1), 0);
const widthOf = (lines) => Math.ceil(Math.max(0, ...lines.map(cells)) * CHARACTER);

/** The lines of the text, each with at most `max` characters. Breaks a longer word. */
function wrap(text, max) {
  return text.split("\n").flatMap((paragraph) => {
    const lines = [""];
    for (const word of paragraph.split(/\s+/).flatMap((each) => each.match(new RegExp(`.{1,${max}}`, "gu")) ?? [])) {
      const longer = lines.at(-1) ? `${lines.at(-1)} ${word}` : word;
      if (cells(longer) <= max || lines.at(-1) === "") lines[lines.length - 1] = longer;
      else lines.push(word);
    }
    return lines;
  });
}

class Drawing {
  constructor(diagram, document) {
    Object.assign(this, { diagram, document, y: PAD, left: Infinity, right: -Infinity });
    this.nodes = [];
    this.blocks = [];
    this.names = diagram.participants.map(({ label }) => wrap(label, MAX_NAME));
    this.halves = this.names.map((lines) => Math.max(76, widthOf(lines) + 2 * PAD) / 2);
    this.place();
  }

  /** The index of the column of a participant. */
  column(id) {
    return this.diagram.participants.findIndex((each) => each.id === id);
  }

  /** Computes the centres of the columns. The text between two neighbours determines their distance. */
  place() {
    const gaps = this.halves.slice(1).map((half, index) => half + this.halves[index] + 2 * PAD);
    const widen = (gap, width) => { if (gap in gaps) gaps[gap] = Math.max(gaps[gap], width); };
    for (const step of this.diagram.steps) {
      const width = widthOf(wrap(step.text ?? "", MAX_LABEL));
      const [from, to] = (step.of ?? [step.from, step.to]).map((id) => this.column(id)).sort((one, other) => one - other);
      if (step.type === "message" && from === to) widen(from, LOOP + width + 2 * PAD);
      else if (step.type === "message" && to - from === 1) widen(from, width + (step.number ? 4 : 2) * PAD);
      else if (step.place === "right of") widen(from, width + 4 * PAD);
      else if (step.place === "left of") widen(from - 1, width + 4 * PAD);
      else if (step.place === "over" && to === undefined) for (const gap of [from - 1, from]) widen(gap, width / 2 + 2 * PAD);
    }
    this.centres = gaps.reduce((all, gap) => [...all, all.at(-1) + gap], this.names.length ? [0] : []);
  }

  draw() {
    const { title, steps } = this.diagram;
    if (title) this.text("title", -(this.halves[0] ?? 0), wrap(title, 48));
    this.heads();
    const top = this.y;
    for (const step of steps) this[step.type](step);
    const lifelines = this.centres.map((x) => this.node("line", { class: "lifeline", x1: x, x2: x, y1: top, y2: this.y }));
    this.heads();
    return this.svg(lifelines);
  }

  svg(lifelines) {
    const [left, right] = this.left < this.right ? [this.left, this.right] : [0, 0];
    const [width, height] = [Math.ceil(right - left + 2 * PAD), Math.ceil(this.y + PAD)];
    return this.node("svg", {
      class: width <= MAX_NARROW ? "sequence narrow" : "sequence",
      role: "img",
      viewBox: `${Math.floor(left - PAD)} 0 ${width} ${height}`,
      width: `${(width / 16).toFixed(2)}em`,
      height: `${(height / 16).toFixed(2)}em`,
    },
    this.node("title", {}, this.diagram.title || "Sequence diagram"),
    this.node("desc", {}, describe(this.diagram)),
    ...lifelines, ...this.nodes);
  }

  node(name, attributes, ...children) {
    const node = this.document.createElementNS(SVG, name);
    for (const [attribute, value] of Object.entries(attributes)) node.setAttribute(attribute, value);
    node.append(...children);
    return node;
  }

  add(name, attributes, ...children) {
    this.nodes.push(this.node(name, attributes, ...children));
  }

  /** Notes the horizontal space that something takes, for the diagram and for each open block. */
  take(left, right) {
    for (const area of [this, ...this.blocks]) {
      area.left = Math.min(area.left, left);
      area.right = Math.max(area.right, right);
    }
  }

  /** Writes lines of text from `y` on, and moves `y` below them. `x` is their start or, with `anchor`, their middle. */
  text(kind, x, lines, anchor = "start") {
    const width = widthOf(lines);
    if (anchor === "middle") this.take(x - width / 2, x + width / 2);
    else this.take(x, x + width);
    // The space at the end of a line separates its last word from the next line, for screen readers and copies.
    const spans = lines.map((line, index) => this.node("tspan", { x, y: this.y + 14 + index * LINE },
      index < lines.length - 1 ? `${line} ` : line));
    this.add("text", { class: kind, "text-anchor": anchor }, ...spans);
    this.y += lines.length * LINE;
  }

  heads() {
    const { participants } = this.diagram;
    const heights = this.names.map((lines, index) => lines.length * LINE + (participants[index].isActor ? 34 : 16));
    const [top, height] = [this.y, Math.max(0, ...heights)];
    participants.forEach(({ isActor }, index) => {
      const [x, half, lines] = [this.centres[index], this.halves[index], this.names[index]];
      this.take(x - half, x + half);
      this.y = top + (height - lines.length * LINE) / 2;
      if (isActor) {
        const y = top + height - heights[index];
        this.add("circle", { class: "figure", cx: x, cy: y + 8, r: 6 });
        this.add("path", { class: "figure", d: `M${x} ${y + 14}v10m-10 -6h20m-17 14l7 -8l7 8` });
        this.y = y + 34;
      } else {
        this.add("rect", { class: "participant", x: x - half, y: top, width: 2 * half, height, rx: 5 });
      }
      this.text("name", x, lines, "middle");
    });
    this.y = top + height + (participants.length ? PAD : 0);
  }

  message({ from, to, isDashed, head, text, number }) {
    const [start, end] = [from, to].map((id) => this.centres[this.column(id)]);
    const kind = isDashed ? "message response" : "message";
    const side = Math.sign(end - start);
    if (side === 0) {
      const y = this.y + 10;
      this.text("label", start + LOOP + PAD, wrap(text, MAX_LABEL));
      this.add("path", { class: kind, d: `M${start} ${y}h${LOOP}v18h-${LOOP}` });
      this.arrow(head, start, y + 18, -1);
      this.count(number, start, y);
      this.y = Math.max(this.y, y + 18) + PAD;
      return;
    }
    const space = Math.floor((Math.abs(end - start) - 2 * PAD) / CHARACTER);
    this.text("label", (start + end) / 2, wrap(text, Math.max(MAX_LABEL, space)), "middle");
    const y = this.y + 5;
    this.take(Math.min(start, end), Math.max(start, end));
    this.add("path", { class: kind, d: `M${start} ${y}H${end}` });
    this.arrow(head, end, y, side);
    this.count(number, start, y);
    this.y = y + PAD;
  }

  arrow(head, x, y, side) {
    if (head === "filled") this.add("path", { class: "head", d: `M${x} ${y}l${-10 * side} -5v10z` });
    if (head === "open") this.add("path", { class: "head open", d: `M${x - 9 * side} ${y - 6}L${x} ${y}L${x - 9 * side} ${y + 6}` });
  }

  count(number, x, y) {
    if (number === undefined) return;
    this.add("circle", { class: "number", cx: x, cy: y, r: 10 });
    this.add("text", { class: "number-text", x, y: y + 4, "text-anchor": "middle" }, String(number));
    this.take(x - 10, x + 10);
  }

  note({ place, of, text }) {
    const columns = of.map((id) => this.column(id));
    const [first, last] = [this.centres[Math.min(...columns)], this.centres[Math.max(...columns)]];
    const space = Math.floor((last - first) / CHARACTER);
    const lines = wrap(text, Math.max(MAX_LABEL, space));
    const width = Math.max(widthOf(lines) + 2 * PAD, place === "over" ? last - first + 4 * PAD : 0);
    const middle = { over: (first + last) / 2, "right of": first + PAD + width / 2, "left of": first - PAD - width / 2 }[place];
    const height = lines.length * LINE + 10;
    this.add("rect", { class: "note", x: middle - width / 2, y: this.y, width, height });
    this.take(middle - width / 2, middle + width / 2);
    this.y += 5;
    this.text("note-text", middle, lines, "middle");
    this.y += 5 + PAD;
  }

  unknown({ text }) {
    const space = Math.floor(((this.centres.at(-1) ?? 0) - (this.centres[0] ?? 0)) / CHARACTER);
    this.text("unknown", -(this.halves[0] ?? 0), wrap(text, Math.max(MAX_LABEL, space)));
    this.y += PAD;
  }

  block({ kind, text }) {
    this.blocks.push({ kind, top: this.y, sections: [], left: Infinity, right: -Infinity });
    this.section({ kind, text });
  }

  section({ text }) {
    const lines = text ? wrap(`[${text}]`, MAX_CONDITION) : [""];
    this.blocks.at(-1).sections.push({ y: this.y, lines });
    this.y += lines.length * LINE + PAD;
  }

  end() {
    const { kind, top, sections, ...inside } = this.blocks.pop();
    const isEmpty = inside.left > inside.right;
    const left = (isEmpty ? this.centres[0] ?? 0 : inside.left) - PAD;
    const tab = widthOf([kind]) + 2 * PAD;
    const start = left + tab + PAD;
    const conditions = start + Math.max(...sections.map(({ lines }) => widthOf(lines)));
    const right = Math.max(isEmpty ? this.centres.at(-1) ?? 0 : inside.right, conditions) + PAD;
    const bottom = this.y;
    this.add("rect", { class: "block", x: left, y: top, width: right - left, height: bottom - top });
    this.add("path", { class: "tab", d: `M${left} ${top}h${tab}v${LINE - 4}l-8 8h${8 - tab}z` });
    this.y = top + 2;
    this.text("kind", left + PAD, [kind]);
    sections.forEach(({ y, lines }, index) => {
      if (index > 0) this.add("path", { class: "divider", d: `M${left} ${y}H${right}` });
      this.y = y + 2;
      this.text("condition", start, lines);
    });
    this.take(left, right);
    this.y = bottom + PAD;
  }
}

/** The diagram in sentences, for screen readers. */
function describe({ participants, steps }) {
  const labels = new Map(participants.map(({ id, label }) => [id, label]));
  const sentences = {
    message: ({ from, to, text, number }) => `${number ? `${number}. ` : ""}${labels.get(from)} to ${labels.get(to)}: ${text}`,
    note: ({ place, of, text }) => `Note ${place} ${of.map((id) => labels.get(id)).join(" and ")}: ${text}`,
    block: ({ kind, text }) => `Start of ${kind}: ${text}`,
    section: ({ kind, text }) => `${kind}: ${text}`,
    end: () => "End of the block",
    unknown: ({ text }) => text,
  };
  return steps.map((step) => `${sentences[step.type](step).replace(/\s+/g, " ").trim().replace(/[.:]$/, "")}.`).join(" ");
}
