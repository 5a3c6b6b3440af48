// An exchange as a command for a POSIX shell. Secrets are shell variables: $TOKEN, $PASSWORD, $DEVICE, $INVITATION, $CODE and,
// for a new password, $NEW_PASSWORD. curl omits the device header if $DEVICE is empty.

import { isSecret, isToken } from "./redact.js";

const SECRET_HEADERS = {
  __proto__: null,
  "Daypass-Device": '--header "Daypass-Device: $DEVICE"',
};

function secretHeader(name, value) {
  if (name !== "Authorization") return SECRET_HEADERS[name];
  if (value === "null") return undefined;
  return `--header "Authorization: ${value.startsWith("Bearer ") ? "Bearer " : ""}$TOKEN"`;
}

// Inside single quotes a shell interprets nothing except the closing quote.
const inQuotes = (text) => text.replaceAll("'", "'\\''");

// The browser adds the cookie and the origin by itself.
const BY_BROWSER = `--cookie "${document.documentElement.dataset.cookie}=$TOKEN" \\\n  --header 'Origin: ${location.origin}'`;

export function asCurl({ method, path, remark, cookie, request }) {
  const parts = [`curl --include --request ${method} '${inQuotes(location.origin + path)}'`];
  for (const [name, value] of request.headers) {
    parts.push(secretHeader(name, value) ?? `--header '${inQuotes(`${name}: ${value}`)}'`);
  }
  if (cookie) parts.push(BY_BROWSER);
  if (request.body !== undefined) parts.push(`--data-raw '${body(request.body)}'`);
  const command = parts.join(" \\\n  ");
  return remark ? `# ${remark.replace(/\s+/g, " ")}\n${command}` : command;
}

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const body = (value) => (isObject(value) ? object(value) : inQuotes(JSON.stringify(value)));
const object = (body) => `{${Object.entries(body).map(member).join(",")}}`;

const VARIABLES = { __proto__: null, code: "CODE", invitation: "INVITATION", newPassword: "NEW_PASSWORD", token: "TOKEN" };

// The secret is in double quotes, where the shell expands the variable.
function member([name, value]) {
  const variable = VARIABLES[name] ?? "PASSWORD";
  if (isObject(value)) return `${inQuotes(JSON.stringify(name))}:${object(value)}`;
  const text = isSecret(name) || isToken(name) ? `"'"$${variable}"'"` : inQuotes(JSON.stringify(value));
  return `${inQuotes(JSON.stringify(name))}:${text}`;
}
