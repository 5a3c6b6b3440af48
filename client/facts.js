// The members of a token's header or claims, each with an explanation.

import { element, localTime } from "./dom.js";
import { TIMES } from "./glossary.js";

export function facts(members, explanations) {
  const list = element("dl", "members");
  for (const [name, value] of Object.entries(members)) {
    list.append(element("div", "member",
      element("dt", "", ...breakable(name)),
      valueOf(name, value),
      element("dd", "explanation", explanations[name] ?? "Not used by Daypass.")));
  }
  return list;
}

/** The name with places for line breaks, as in session_exp. */
const breakable = (name) => name.split(/(?<=_)/).flatMap((part, index) => (index === 0 ? [part] : [element("wbr"), part]));

function valueOf(name, value) {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (!TIMES.has(name) || typeof value !== "number") return element("dd", "value", text);
  return element("dd", "value time", localTime(new Date(value * 1000)), element("span", "raw", text));
}
