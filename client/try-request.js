// A form of the API reference that sends a request with the session of the test client, and shows the response.

import { element } from "./dom.js";
import { exchange } from "./exchange.js";
import { onSubmit } from "./form.js";
import { redactResponse } from "./redact.js";
import { stored } from "./storage.js";

let forms = 0;

export function tryForm(operation, example) {
  const { method, path, parameters = [], security } = operation;
  const prefix = `try-${++forms}`;
  const form = element("form", "try",
    ...parameters.map(({ name, required, schema }) => (
      field(`${prefix}-${name}`, name, required ? `${name} (required)` : name, schema.enum))),
    ...(example === undefined ? [] : [bodyField(`${prefix}-body`, example)]),
    element("p", "tools", element("button", "primary", `Send ${method}`)),
    element("p", "form-error"));
  form.noValidate = true;
  form.querySelector(".form-error").setAttribute("role", "alert");
  const output = element("div", "answer");
  output.setAttribute("role", "status");
  onSubmit(form, async () => {
    const request = read(form, path, parameters, example !== undefined);
    if (request.error) return form.querySelector(".form-error").append(request.error);
    const token = security ? stored("daypass.token") : null;
    show(output, `${method} ${path}`, await exchange(method, request.path, { ...request.options, token }));
  });
  return element("div", "", form, output);
}

function field(id, name, text, values) {
  const label = element("label", "", text);
  label.htmlFor = id;
  const input = element(values ? "select" : "input");
  if (values) input.append(...["", ...values].map((value) => new Option(value)));
  else input.autocomplete = "off";
  Object.assign(input, { id, name });
  return element("div", "field", label, input, element("p", "field-error"));
}

function bodyField(id, example) {
  const label = element("label", "", "Body (JSON)");
  label.htmlFor = id;
  const input = element("textarea", "", JSON.stringify(example, null, 2));
  Object.assign(input, { id, name: "body", rows: Math.min(12, input.value.split("\n").length + 1), spellcheck: false });
  return element("div", "field body-field", label, input, element("p", "field-error"));
}

/** `{path, options}` of the request, or `{error}`. */
function read(form, template, parameters, hasBody) {
  const valueOf = (name) => form.elements.namedItem(name).value;
  const given = parameters.filter(({ name }) => valueOf(name) !== "");
  const missing = parameters.find(({ name, required }) => required && valueOf(name) === "");
  if (missing) return { error: `Fill in ${missing.name}.` };
  const path = template.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(valueOf(name)));
  const query = new URLSearchParams(given.filter((each) => each.in === "query").map(({ name }) => [name, valueOf(name)]));
  const headers = Object.fromEntries(given.filter((each) => each.in === "header").map(({ name }) => [name, valueOf(name)]));
  try {
    const body = hasBody ? JSON.parse(valueOf("body")) : undefined;
    return { path: query.size ? `${path}?${query}` : path, options: { body, headers } };
  } catch {
    return { error: "The body is not valid JSON." };
  }
}

function show(output, where, { status, statusText, headers, body, problem }) {
  const lines = status === 0 ? [problem.detail] : [`${status} ${statusText}`, ...[...headers].map(([name, value]) => `${name}: ${value}`)];
  output.replaceChildren(
    element("h4", "", "Response"),
    scrollable(`Response headers of ${where}`, element("pre", "", lines.join("\n"))),
    ...(body === undefined ? [] : [scrollable(`Response body of ${where}`, element("pre", "", JSON.stringify(redactResponse(body), null, 2)))]));
}

function scrollable(name, node) {
  node.tabIndex = 0;
  node.setAttribute("role", "region");
  node.setAttribute("aria-label", name);
  return node;
}
