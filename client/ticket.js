// The token as a ticket: header, claims and signature apart, and the time that is left.

import { byId, element, localTime } from "./dom.js";
import { CLAIMS, HEADER, TIMES } from "./glossary.js";
import { takeApart } from "./jwt.js";
import { shorten } from "./redact.js";
import { onChange } from "./session.js";

const ticket = byId("ticket");
const countdown = byId("countdown");
const lifetime = byId("lifetime");
const stamp = byId("stamp");

let timer;

export function openTicket() {
  onChange((held, before) => {
    byId("no-ticket").hidden = held.pass !== null;
    ticket.hidden = held.token === null;
    if (held.token === null) return clearTimeout(timer);
    const parts = takeApart(held.token);
    if (held.token !== before.token) byId("ticket-parts").replaceChildren(...describe(parts));
    byId("ticket-holder").textContent = held.user?.username ?? holderIn(parts.claims);
    tick(parts.claims, held);
  });
}

const holderIn = (claims) => (claims?.sub ? `user ${claims.sub}, so it says` : "of nobody we can name");

function describe({ encoded, header, claims }) {
  return [
    part("Header", "header", encoded.header, header && facts(header, HEADER)),
    part("Claims", "claims", encoded.claims, claims && facts(claims, CLAIMS)),
    part("Signature", "signature", encoded.signature, element("p", "explanation",
      "The proof. The server computes it over the header and the claims with a secret only it knows. " +
      "Change one character of either, and it fits no more.")),
  ];
}

function part(title, name, encoded, content) {
  return element("section", `part ${name}`,
    element("h3", "", title),
    element("p", "encoded", encoded ? shorten(encoded) : "missing",
      element("span", "length", ` ${encoded.length} characters`)),
    content ?? element("p", "explanation", "This part can not be read: it is not JSON in base64url."));
}

function facts(members, explanations) {
  const list = element("dl", "members");
  for (const [name, value] of Object.entries(members)) {
    list.append(element("div", "member",
      element("dt", "", name),
      valueOf(name, value),
      element("dd", "explanation", explanations[name] ?? "Not one of ours.")));
  }
  return list;
}

function valueOf(name, value) {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (!TIMES.has(name) || typeof value !== "number") return element("dd", "value", text);
  return element("dd", "value time", localTime(new Date(value * 1000)), element("span", "raw", text));
}

// The browser's own clock decides what is shown here, the server's what is accepted: the stamp tells the two apart.
function tick(claims, held) {
  clearTimeout(timer);
  const now = Date.now();
  const { exp, iat } = claims ?? {};
  const timed = Number.isFinite(exp);
  const left = timed ? Math.max(0, exp - Math.floor(now / 1000)) : 0;
  const whole = timed && exp > iat ? exp - iat : 86_400;

  countdown.textContent = timed ? inHours(left) : "unknown";
  lifetime.max = whole;
  lifetime.value = Math.min(left, whole);
  byId("lifetime-ends").textContent = timed
    ? `${left ? "of" : "It had"} ${inWords(whole)}, ${left ? "until" : "and ended"} ${localTime(new Date(exp * 1000))}`
    : "It does not say when it ends.";

  const mark = held.standing === "refused" ? `refused: ${held.problem.code}` : timed && left === 0 ? "expired" : "";
  ticket.classList.toggle("spoilt", mark !== "");
  stamp.hidden = mark === "";
  stamp.textContent = mark;
  if (left > 0) timer = setTimeout(() => tick(claims, held), 1000 - (now % 1000));
}

function inHours(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

function inWords(seconds) {
  if (seconds % 3600 === 0) return seconds === 3600 ? "1 hour" : `${seconds / 3600} hours`;
  return inHours(seconds);
}
