// The anatomy of a request: every exchange of the page, newest first, open to the last header.

import { byId, copy, fromTemplate } from "./dom.js";
import { asCurl } from "./curl.js";
import { exchanges } from "./exchange.js";

const REMEMBERED = 50;

const list = byId("exchanges");

export function openAnatomy() {
  exchanges.addEventListener("exchange", ({ detail }) => {
    list.prepend(entry(detail));
    while (list.children.length > REMEMBERED) list.lastElementChild.remove();
    byId("no-exchanges").hidden = true;
  });
  byId("clear-exchanges").addEventListener("click", () => {
    list.replaceChildren();
    byId("no-exchanges").hidden = false;
  });
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
  const added = cookie ? [["Cookie", "added by the browser, unseen by this page"]] : [];

  row.dataset.kind = response.status === 0 ? "silence" : `${Math.floor(response.status / 100)}xx`;
  write(".method", method);
  write(".path", path);
  write(".status", response.status === 0 ? "no answer" : String(response.status));
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
      ? "Copied. Set what it names, such as TOKEN or PASSWORD, before you run it."
      : "This browser gives pages no clipboard here. Copy it from below.";
  });
  return row;
}

const head = (first, headers) => [first, ...headers.map(([name, value]) => `${name}: ${value}`)].join("\n");

function pretty(body) {
  if (body === undefined || body === "") return "";
  return typeof body === "string" ? body : JSON.stringify(body, null, 2);
}
