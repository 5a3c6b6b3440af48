// The server's explanation of a token: every check in order, with its outcome, its RFC section and what to do.

import { element } from "./dom.js";
import { exchange } from "./exchange.js";
import { facts } from "./facts.js";
import { CLAIMS, HEADER, reason } from "./glossary.js";

const PATH = "/api/tokens/explain";
const SWITCHED_OFF = "This server does not explain tokens (TOKEN_EXPLAIN).";

const CHECKS = {
  __proto__: null,
  form: "Form",
  header: "Header",
  alg: "Algorithm (alg)",
  kid: "Key (kid)",
  typ: "Type (typ)",
  signature: "Signature",
  claims: "Claims",
  iss: "Issuer (iss)",
  aud: "Audience (aud)",
  session: "Session (sid, sub, gen)",
  nbf: "Not before (nbf, iat)",
  exp: "Expiry (exp)",
  revoked: "Revocation",
  roles: "Roles",
};

const OUTCOMES = {
  __proto__: null,
  passed: ["✓", "passed"],
  failed: ["✗", "failed"],
  not_reached: ["–", "not reached"],
};

/** Asks the server about the token. The request carries no session. */
export const askToExplain = (token) => (
  exchange("POST", PATH, { body: { token }, cookies: false, expected: [404], remark: "Why does the server accept or reject this token?" }));

/** Why there is no explanation. */
export const noExplanation = ({ status, problem }) => (status === 404 ? SWITCHED_OFF : reason(problem));

/** The result in one or two sentences. */
export function verdictOf({ accepted, code, detail, checks }) {
  const count = checks.filter(({ outcome }) => outcome === "passed").length;
  const passed = `${count} of ${checks.length} checks passed.`;
  return accepted ? `The server accepts this token. ${passed}` : `The server rejects this token: ${code}. ${detail} ${passed}`;
}

export const checkList = (checks) => element("ol", "checks", ...checks.map(check));

/** The nodes that show a complete explanation. */
export const explanation = ({ checks, header, claims, claimsTrusted }) => [
  element("h3", "", "The checks, in order"),
  checkList(checks),
  part("Header", "this header", header && facts(header, HEADER), claimsTrusted),
  part("Claims", "these claims", claims && facts(claims, CLAIMS), claimsTrusted),
];

function check({ check: name, outcome, detail, reference, repair }) {
  const [sign, word] = OUTCOMES[outcome] ?? ["?", outcome];
  const mark = element("span", "check-sign", sign);
  mark.setAttribute("aria-hidden", "true");
  const node = element("li", "check",
    mark,
    element("p", "check-name", element("strong", "", CHECKS[name] ?? name), " ", element("span", "check-outcome", word)),
    ...(detail ? [element("p", "", ...withCode(detail))] : []),
    ...(repair ? [element("p", "repair", element("strong", "", "What to do:"), " ", ...withCode(repair))] : []),
    ...(reference ? [element("p", "hint", reference)] : []));
  node.dataset.outcome = outcome;
  return node;
}

/** Splits a sentence of the server into text and code. Code is between backticks. */
const withCode = (text) => text.split("`").map((part, index) => (index % 2 ? element("code", "", part) : part));

/** A part of the token. Anyone can write a header and claims, so they are marked unless the signature was verified. */
function part(title, itself, content, isTrusted) {
  const mark = element("span", isTrusted ? "trust trusted" : "trust", isTrusted ? "signature verified" : "not trusted");
  return element("section", "explained-part",
    element("h3", "", title, " ", mark),
    ...(isTrusted ? [] : [element("p", "hint", `Anyone can write ${itself}: the server has not verified the signature.`)]),
    content ?? element("p", "hint", "This part cannot be read."));
}
