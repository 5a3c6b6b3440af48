// Removes secrets from exchanges before they are stored, so no panel can show them.

export const MASK = "•••";
const SECRET_MEMBERS = new Set(["password", "currentPassword", "newPassword", "invitation", "code"]);
const TOKEN_MEMBERS = new Set(["sessionToken", "token"]);
const TOKEN_HEADERS = new Set(["daypass-device"]);
const JWT = /\beyJ[\w-]{5,}\.[\w-]+\.[\w-]*/g;

export const isSecret = (member) => SECRET_MEMBERS.has(member);
export const isToken = (member) => TOKEN_MEMBERS.has(member);

/** The first 12 and the last 6 characters: enough to recognise a token, not enough to use it. */
export function shorten(text) {
  return text.length > 24 ? `${text.slice(0, 12)}…${text.slice(-6)}` : `${text.slice(0, 4)}…`;
}

export const shortenTokens = (text) => text.replace(JWT, shorten);

/** A copy of the body of a request with passwords and codes masked and tokens shortened. */
export const redactRequest = (body) => redact(body, isSecret);

/** A copy of the body of a response. There, `code` is the name of an error. */
export const redactResponse = (body) => redact(body, (member) => member !== "code" && isSecret(member));

function redact(value, isMasked, member = "") {
  if (isMasked(member)) return MASK;
  if (typeof value === "string") return isToken(member) ? shorten(value) : shortenTokens(value);
  if (Array.isArray(value)) return value.map((entry) => redact(entry, isMasked));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, redact(entry, isMasked, name)]));
}

export function redactHeader(name, value) {
  if (TOKEN_HEADERS.has(name.toLowerCase())) return shorten(value);
  if (name.toLowerCase() !== "authorization") return shortenTokens(value);
  const [scheme, ...token] = value.split(" ");
  // The course's client sends the token without a scheme, or the text "null".
  if (token.length === 0) return value === "null" ? value : shorten(value);
  return `${scheme} ${shorten(token.join(" "))}`;
}
