// The request panel: every request of the page with its response, newest first, in two lanes.

import { byId, copy, element, fromTemplate } from "./dom.js";
import { asCurl } from "./curl.js";
import { exchanges, rejectedToken } from "./exchange.js";
import { explainButton } from "./explain.js";

const MAX_ENTRIES = 50;
// Older requests of a group of refreshes are only counted.
const MAX_REFRESHES = 10;

const list = byId("exchanges");

export function openRequests() {
  exchanges.addEventListener("exchange", ({ detail }) => {
    if (isRefresh(detail)) addRefresh(detail);
    else list.prepend(entry(detail));
    while (list.children.length > MAX_ENTRIES) list.lastElementChild.remove();
    byId("no-exchanges").hidden = true;
  });
  byId("clear-exchanges").addEventListener("click", () => {
    list.replaceChildren();
    byId("no-exchanges").hidden = false;
  });
}

/** Adds a request that the page sent by itself to the newest group, or starts a group. */
function addRefresh(exchange) {
  let group = list.firstElementChild;
  if (!group?.matches(".refreshes")) {
    group = fromTemplate("refreshes");
    group.dataset.count = 0;
    list.prepend(group);
  }
  const count = Number(group.dataset.count) + 1;
  const inside = group.querySelector("ol");
  inside.prepend(entry(exchange));
  if (inside.children.length > MAX_REFRESHES) inside.lastElementChild.remove();
  group.dataset.count = count;
  const older = count > MAX_REFRESHES ? `, the last ${MAX_REFRESHES} are shown` : "";
  group.querySelector("summary").textContent = count === 1 ? "1 refresh" : `${count} refreshes${older}`;
}

/** Whether the page sent this request by itself, and it was not rejected. */
export const isRefresh = (exchange) => exchange.refresh && kindOf(exchange) !== "rejected";

/** "ok", "expected" for an error that answers a question of the page, or "rejected". */
function kindOf({ response: { status }, expected }) {
  if (status >= 200 && status < 400) return "ok";
  return expected.includes(status) ? "expected" : "rejected";
}

function entry(exchange) {
  const { method, path, remark, cookie, took, request, response } = exchange;
  const row = fromTemplate("exchange");
  const write = (selector, text) => {
    const node = row.querySelector(selector);
    node.textContent = text;
    node.hidden = !text;
  };
  const url = new URL(path, location);
  const added = cookie ? [["Cookie", "added by the browser, hidden from scripts"]] : [];

  row.dataset.kind = kindOf(exchange);
  write(".method", method);
  write(".path", path);
  write(".status", response.status === 0 ? "no response" : `${response.status} ${codeOf(response)}`.trim());
  write(".took", `${took < 10 ? took.toFixed(1) : Math.round(took)} ms`);
  write(".remark", remark ?? "");
  write(".request .head", head(`${method} ${path}`, [["Host", url.host], ...request.headers, ...added]));
  write(".request .body", pretty(request.body));
  write(".response .head", response.failure ?? head(`${response.status} ${response.statusText}`, response.headers));
  write(".response .body", pretty(response.body));

  row.querySelector(".copy-curl").addEventListener("click", async () => {
    const command = asCurl(exchange);
    write(".curl", command);
    const copied = await copy(command);
    row.querySelector(".copied").textContent = copied
      ? "Copied. Set the variables it uses, such as TOKEN or PASSWORD, before you run it."
      : "The browser did not allow copying. Copy the command from below.";
  });
  row.append(...explanationOf(exchange));
  return row;
}

/** For a 401: the button that explains the token, or why the page cannot explain it. */
function explanationOf(exchange) {
  const token = rejectedToken(exchange);
  if (token) return [explainButton(token, `of ${exchange.method} ${exchange.path}`)];
  if (exchange.response.status !== 401 || !exchange.cookie) return [];
  return [element("p", "hint", "The token is in a cookie. Scripts cannot read it, so this page cannot explain it.")];
}

const codeOf = ({ status, body }) => (status >= 400 && typeof body?.code === "string" ? body.code : "");

const head = (first, headers) => [first, ...headers.map(([name, value]) => `${name}: ${value}`)].join("\n");

function pretty(body) {
  if (body === undefined || body === "") return "";
  return typeof body === "string" ? body : JSON.stringify(body, null, 2);
}
