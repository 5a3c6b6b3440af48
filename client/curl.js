// An exchange as a command for a POSIX shell. The secrets stay outside: the shell fills in $TOKEN, $PASSWORD and, where
// a password is to replace another, $NEW_PASSWORD. Without a $DEVICE curl leaves out its header.

import { isSecret } from "./redact.js";

const SECRET_HEADERS = {
  __proto__: null,
  "Daypass-Device": '--header "Daypass-Device: $DEVICE"',
};

function secretHeader(name, value) {
  if (name !== "Authorization") return SECRET_HEADERS[name];
  if (value === "null") return undefined;
  return `--header "Authorization: ${value.startsWith("Bearer ") ? "Bearer " : ""}$TOKEN"`;
}

// Inside single quotes a shell reads everything as it stands, except the quote that ends them.
const inQuotes = (text) => text.replaceAll("'", "'\\''");

// A browser adds the cookie by itself, and from which page the request comes.
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

// The password leaves the single quotes for double ones, where the shell fills it in.
function member([name, value]) {
  const variable = name === "newPassword" ? "NEW_PASSWORD" : "PASSWORD";
  if (isObject(value)) return `${inQuotes(JSON.stringify(name))}:${object(value)}`;
  const text = isSecret(name) ? `"'"$${variable}"'"` : inQuotes(JSON.stringify(value));
  return `${inQuotes(JSON.stringify(name))}:${text}`;
}
