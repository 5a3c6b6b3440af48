// Writes requests of the page as a Mermaid sequence diagram. The requests come from exchange.js, without secrets.

import { shortenTokens } from "./redact.js";
import { escapeLabel } from "./sequence-parser.js";

const COOKIES = "Cookies";

/** Returns the text of a diagram of these exchanges, the oldest first. */
export function mermaidOf(exchanges) {
  const hasCookies = exchanges.some((exchange) => exchange.cookie || asksForCookie(exchange));
  return [
    "sequenceDiagram",
    "  participant Page",
    ...(hasCookies ? [`  participant ${COOKIES} as Cookie store of the browser`] : []),
    "  participant Daypass",
    ...exchanges.flatMap((exchange) => [...request(exchange), ...response(exchange)]).map((line) => `  ${line}`),
    "",
  ].join("\n");
}

const label = (...lines) => lines.filter(Boolean).map((line) => escapeLabel(shortenTokens(line))).join("<br/>");

/** Whether the request begins a session whose token the server sets as a cookie. */
const asksForCookie = ({ request: { body } }) => body?.carrier === "cookie";

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

function request({ method, path, cookie, request: { headers, body } }) {
  const [, authorization] = headers.find(([name]) => name === "Authorization") ?? [];
  // Only the names of the members: their values may be personal.
  const members = isObject(body) ? Object.keys(body).filter((name) => body[name] !== undefined).join(", ") : "";
  const text = label(`${method} ${path}`, authorization, members);
  if (!cookie) return [`Page->>Daypass: ${text}`];
  return [`Page->>${COOKIES}: ${text}`, `${COOKIES}->>Daypass: ${label(`${method} ${path}`, "with the session cookie")}`];
}

function response(exchange) {
  const { method, path, cookie, response: { status, body } } = exchange;
  if (status === 0) return ["Note right of Page: No response"];
  const isOk = status < 400;
  const code = !isOk && typeof body?.code === "string" ? body.code : "";
  const token = typeof body?.sessionToken === "string" ? `token ${body.sessionToken}` : "";
  const ends = cookie && method === "DELETE" && path.startsWith("/api/sessions/current");
  return [
    ...(isOk && asksForCookie(exchange) ? [`Daypass-->>${COOKIES}: Set-Cookie, with the token`] : []),
    ...(isOk && ends ? [`Daypass-->>${COOKIES}: Set-Cookie, which deletes the cookie`] : []),
    `Daypass-->>Page: ${label(`${status} ${code}`.trim(), token)}`,
  ];
}
