// The token panel: header, claims and signature, and the complete token on request.

import { byId, copy, element, say } from "./dom.js";
import { facts } from "./facts.js";
import { CLAIMS, HEADER } from "./glossary.js";
import { decode } from "./jwt.js";
import { shorten } from "./redact.js";
import { current, onChange } from "./session.js";

const panel = byId("token");
const complete = byId("complete-token");
const completeText = byId("complete-token-text");

export function openToken() {
  byId("copy-token").addEventListener("click", copyToken);
  // The page contains the complete token only while the user looks at it.
  complete.addEventListener("toggle", showComplete);
  completeText.addEventListener("focus", () => completeText.select());
  onChange((held, before) => {
    panel.hidden = held.token === null;
    byId("token-text").hidden = held.token === null;
    if (held.token === before.token) return;
    say(byId("token-outcome"), "");
    // A renewed token of the same session stays visible.
    if (held.token === null) complete.open = false;
    showComplete();
    byId("token-short").replaceChildren(...(held.token ? shortParts(held.token) : []));
    byId("token-parts").replaceChildren(...(held.token ? describe(decode(held.token)) : []));
  });
}

function showComplete() {
  completeText.value = complete.open ? current().token ?? "" : "";
}

async function copyToken() {
  if (await copy(current().token)) {
    return say(byId("token-outcome"), "Copied the complete token. Anyone who has it can act as you.");
  }
  complete.open = true;
  showComplete();
  completeText.focus();
  say(byId("token-outcome"), "The browser did not allow copying. The complete token is selected below: copy it with the keyboard.");
}

/** The token with each part shortened, in the colours of the parts. */
function shortParts(token) {
  const names = ["header", "claims", "signature"];
  return token.split(".").flatMap((text, index) => [
    ...(index === 0 ? [] : ["."]),
    element("span", `${names[index] ?? ""}`, shorten(text)),
  ]);
}

function describe({ encoded, header, claims }) {
  return [
    part("Header", "header", encoded.header, header && facts(header, HEADER)),
    part("Claims", "claims", encoded.claims, claims && facts(claims, CLAIMS)),
    part("Signature", "signature", encoded.signature, element("p", "explanation",
      "The server computes the signature of the header and the claims with a secret. " +
      "If one character of them changes, the signature no longer matches.")),
  ];
}

function part(title, name, encoded, content) {
  return element("section", `part ${name}`,
    element("h3", "", title),
    element("p", "encoded", encoded ? shorten(encoded) : "missing",
      element("span", "length", ` ${encoded.length} characters`)),
    content ?? element("p", "explanation", "This part cannot be read: it is not base64url-encoded JSON."));
}
