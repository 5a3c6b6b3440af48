// An exchange as a command for a POSIX shell. The secrets stay outside: the shell fills in $TOKEN, $PASSWORD and, where
// a password is to replace another, $NEW_PASSWORD. Without a $DEVICE curl leaves out its header.

import { isSecret } from "./redact.js";

const SECRET_HEADERS = {
  __proto__: null,
  "Authorization": '--header "Authorization: Bearer $TOKEN"',
  "Daypass-Device": '--header "Daypass-Device: $DEVICE"',
};

// Inside single quotes a shell reads everything as it stands, except the quote that ends them.
const inQuotes = (text) => text.replaceAll("'", "'\\''");

export function asCurl({ method, path, remark, request }) {
  const parts = [`curl --include --request ${method} '${inQuotes(location.origin + path)}'`];
  for (const [name, value] of request.headers) {
    parts.push(SECRET_HEADERS[name] ?? `--header '${inQuotes(`${name}: ${value}`)}'`);
  }
  if (request.body) parts.push(`--data-raw '{${Object.entries(request.body).map(member).join(",")}}'`);
  const command = parts.join(" \\\n  ");
  return remark ? `# ${remark.replace(/\s+/g, " ")}\n${command}` : command;
}

// The password leaves the single quotes for double ones, where the shell fills it in.
function member([name, value]) {
  const variable = name === "newPassword" ? "NEW_PASSWORD" : "PASSWORD";
  const text = isSecret(name) ? `"'"$${variable}"'"` : inQuotes(JSON.stringify(value));
  return `${JSON.stringify(name)}:${text}`;
}
