import assert from "node:assert/strict";
import { scene } from "./person.js";

const EVERYTHING = `sequenceDiagram
  title Every element
  autonumber
  actor U as A person with a long name
  participant P as Page
  participant D as Daypass
  %% a comment
  U->>P: opens; it <br/>in two lines
  P->>D: a label that is much too long for one line, so it continues on the next lines
  D-->>P: 201 Created
  P-)D: without an answer
  P->>P: stores the token
  Note over P,D: over both
  Note right of D: at the right
  Note left of U: at the left
  alt the token is valid
    D-->>P: 200
  else it has expired
    loop three times
      P->>D: retry
    end
    opt never
    end
  end
  par first
    P->>D: one
  and second
    P->>E: two
  end
`;

const STRANGE = ["", "sequenceDiagram", "end", "else", "flowchart LR", "A->>B", "->>: x", "participant", "Note over : x", "alt\nalt\nloop",
  "a->>b: <img src=x onerror=alert(1)>", "#99999999;", "A->>A: ".padEnd(500, "unbroken"), "x".repeat(2000)];

/** Draws the texts in the page, and returns what each drawing contains. */
const draws = (person, texts) => person.page.evaluate(async (all) => {
  const { drawSequence } = await import("/client/sequence.js");
  const main = document.getElementById("main");
  const title = main.querySelector("h1");
  return all.map((text) => {
    const svg = drawSequence(text, { document });
    main.replaceChildren(title, svg);
    const count = (selector) => svg.querySelectorAll(selector).length;
    const [left, top, width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
    const outside = [...svg.querySelectorAll("text, rect, path, circle")].filter((node) => {
      const box = node.getBBox();
      return box.width > 0 && (box.x < left || box.y < top || box.x + box.width > left + width || box.y + box.height > top + height);
    });
    return {
      role: svg.getAttribute("role"),
      title: svg.querySelector("title").textContent,
      description: svg.querySelector("desc").textContent,
      texts: [...svg.querySelectorAll("text")].map(({ textContent }) => textContent),
      lines: [...svg.querySelectorAll("text")].map((node) => node.querySelectorAll("tspan").length),
      outside: outside.map((node) => node.outerHTML),
      counts: Object.fromEntries(["rect.participant", ".figure", ".message", ".response", ".head", ".head.open", ".note", ".block",
        ".divider", ".number", ".lifeline", ".unknown", "[style]", "style", "img"].map((selector) => [selector, count(selector)])),
    };
  });
}, texts);

scene("a sequence diagram is drawn with every element", { folded: true }, async (ada) => {
  const [{ role, title, description, texts, lines, outside, counts }] = await draws(ada, [EVERYTHING]);
  assert.deepEqual([role, title], ["img", "Every element"]);
  assert.deepEqual(counts, {
    // Each participant has a box, and each actor a figure of two shapes, at the top and at the bottom.
    "rect.participant": 6, ".figure": 4, ".message": 9, ".response": 2, ".head": 9, ".head.open": 1, ".note": 3, ".block": 4,
    ".divider": 2, ".number": 9, ".lifeline": 4, ".unknown": 0, "[style]": 0, style: 0, img: 0,
  });
  for (const text of ["opens; it in two lines", "[the token is valid]", "[it has expired]", "alt", "loop", "opt", "par", "over both", "stores the token"]) {
    assert.ok(texts.includes(text), `${text} is missing in ${texts.join(" | ")}`);
  }
  assert.ok(lines[texts.findIndex((text) => text.startsWith("a label"))] > 2, "a long label has several lines");
  assert.deepEqual(outside, []);
  assert.match(description, /^1\. A person with a long name to Page: opens; it in two lines\. 2\. Page to Daypass: a label/);
  assert.match(description, /Note over Page and Daypass: over both\./);
  assert.match(description, /Start of alt: the token is valid\. 6\. Daypass to Page: 200\. else: it has expired\./);

  await ada.at("svg.sequence").selectText();
  assert.match(await ada.page.evaluate(() => String(getSelection())), /stores the token/);
  assert.deepEqual(await ada.violations(), []);
});

scene("a line that is not understood is shown as text", { folded: true }, async (ada) => {
  const drawings = await draws(ada, STRANGE);
  for (const [index, { texts, outside, counts }] of drawings.entries()) {
    assert.deepEqual(outside, [], STRANGE[index]);
    assert.deepEqual([counts["[style]"], counts.img], [0, 0]);
    if (["end", "else", "flowchart LR", "A->>B", "participant", "Note over : x"].includes(STRANGE[index])) {
      assert.deepEqual([texts, counts[".unknown"]], [[STRANGE[index]], 1]);
    }
  }
  assert.ok(drawings[10].texts.includes("<img src=x onerror=alert(1)>"), "markup is text");
});
