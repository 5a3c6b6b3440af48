// The API reference: every operation of the OpenAPI document, with a form that sends it.

import { byId, element, say } from "./dom.js";
import { exampleOf, fieldsOf, formatted, resolver, typeOf } from "./schema.js";
import { stored } from "./storage.js";
import { tryForm } from "./try-request.js";

const ORDER = ["users", "sessions", "items", "workout logs", "session variables", "keys", "health"];

// The flow that shows the operation, by `operationId`.
const FLOWS = {
  __proto__: null,
  sign_up: "sign-up",
  sign_in: "sign-in",
  sign_out: "sign-out",
  renew: "renewal",
  verify: "forward-auth",
  set_variable: "anonymous-variable",
  change_password: "password-change",
  request_password_reset: "password-reset",
  reset_password: "password-reset",
  change_email: "email-change",
  verify_email: "email-change",
  start: "sign-in-at-a-provider",
  callback: "sign-in-at-a-provider",
  backchannel_logout: "backchannel-logout",
};

start();

async function start() {
  byId("session-hint").textContent = stored("daypass.token")
    ? "You are signed in at the test client. Requests from here use its token."
    : "Sign up at the test client first to send requests that need a session.";
  try {
    const response = await fetch("/openapi.json");
    render(await response.json());
    say(byId("docs-outcome"), "");
  } catch {
    say(byId("docs-outcome"), "The OpenAPI document could not be loaded. Reload this page.", "bad");
  }
}

function render(document) {
  const resolve = resolver(document);
  const operations = Object.entries(document.paths).flatMap(([path, methods]) => (
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), ...operation }))));
  const tags = [...new Set([...ORDER, ...operations.flatMap(({ tags }) => tags)])];
  byId("operations").append(...tags.map((tag) => {
    const own = operations.filter(({ tags }) => tags[0] === tag);
    const title = element("h2", "", `${tag[0].toUpperCase()}${tag.slice(1)}`);
    title.id = tag.replaceAll(" ", "-");
    const section = element("section", "tag", title, ...own.map((operation) => describe(operation, resolve)));
    section.setAttribute("aria-labelledby", title.id);
    return section;
  }));
  byId("filter").addEventListener("input", filter);
  openTarget();
  addEventListener("hashchange", openTarget);
}

function filter({ target }) {
  const words = target.value.toLowerCase().split(/\s+/);
  for (const section of document.querySelectorAll(".tag")) {
    for (const operation of section.querySelectorAll(".operation")) {
      const text = operation.firstElementChild.textContent.toLowerCase();
      operation.hidden = !words.every((word) => text.includes(word));
    }
    section.hidden = section.querySelector(".operation:not([hidden])") === null;
  }
}

/** Opens the operation that the address names, such as `/docs#sign_in`. */
function openTarget() {
  const target = byId(decodeURIComponent(location.hash.slice(1)));
  if (!target?.matches(".operation")) return;
  target.open = true;
  target.scrollIntoView();
}

function describe(operation, resolve) {
  const { operationId, method, path, summary, description, security, parameters = [], requestBody, responses } = operation;
  const details = element("details", "operation",
    element("summary", "",
      element("span", "method", method), " ",
      element("code", "path", path), " ",
      element("span", "title", summary)));
  details.id = operationId;
  // A closed operation has no content, so the page stays small.
  details.addEventListener("toggle", () => {
    if (details.children.length > 1) return;
    const where = `${method} ${path}`;
    const schema = requestBody && resolve(requestBody.content["application/json"].schema);
    details.append(element("div", "operation-body",
      ...(description ? [element("p", "", ...formatted(description))] : []),
      element("p", "hint", sessionNeeded(security)),
      ...(FLOWS[operationId] ? [element("p", "", linkTo(`/docs/flows/${FLOWS[operationId]}`, "Sequence diagram"))] : []),
      ...(parameters.length ? [element("h3", "", "Parameters"), parameterTable(parameters, where)] : []),
      ...(schema ? [element("h3", "", "Body"), bodyTable(schema, where, resolve)] : []),
      element("h3", "", "Responses"), responseTable(responses, where, resolve),
      element("h3", "", "Send it"), tryForm(operation, schema && exampleOf(schema, resolve))));
  });
  return details;
}

function sessionNeeded(security) {
  if (!security) return "Needs no session.";
  return security.some((scheme) => Object.keys(scheme).length === 0) ? "Works with or without a session." : "Needs a session token.";
}

function table(caption, where, head, rows) {
  const cells = (kind, texts) => texts.map((text) => element(kind, "", ...[text].flat()));
  const node = element("table", "",
    element("caption", "unseen", caption),
    element("thead", "", element("tr", "", ...cells("th", head))),
    element("tbody", "", ...rows.map((row) => element("tr", "", ...cells("td", row)))));
  for (const title of node.querySelectorAll("th")) title.scope = "col";
  // A wide table scrolls in its own box, which the keyboard must reach.
  const box = element("div", "table", node);
  box.tabIndex = 0;
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", `${caption} of ${where}`);
  return box;
}

const code = (text) => element("code", "", text);

const parameterTable = (parameters, where) => table("Parameters", where, ["Name", "In", "Type", "Meaning"],
  parameters.map(({ name, in: place, required, schema, description = "" }) => (
    [code(name), place, `${typeOf(schema)}${required ? ", required" : ""}`, formatted(description)])));

function bodyTable(schema, where, resolve) {
  const fields = fieldsOf(schema, resolve);
  if (fields.length === 0) return element("p", "", ...formatted(schema.description ?? "Any JSON value."));
  return table("Body", where, ["Member", "Type", "Meaning"], fields.map(({ name, type, isRequired, description }) => (
    [code(name), `${type}${isRequired ? ", required" : ""}`, formatted(description)])));
}

const responseTable = (responses, where, resolve) => table("Responses", where, ["Status", "Meaning", "Body"],
  Object.entries(responses).map(([status, { description, content }]) => {
    const schema = content?.["application/json"]?.schema;
    return [code(status), linked(description, Number(status)), schema ? example(resolve(schema), resolve) : ""];
  }));

/** Error codes link to their pages. */
const linked = (description, status) => formatted(description).map((part) => {
  if (status < 400 || part.tagName !== "CODE" || !/^[a-z_]+$/.test(part.textContent) || part.textContent === "code") return part;
  return linkTo(`/docs/errors/${part.textContent}`, part);
});

function linkTo(path, content) {
  const link = element("a", "", content);
  link.href = path;
  return link;
}

const example = (schema, resolve) => element("pre", "", JSON.stringify(exampleOf(schema, resolve), null, 2));
