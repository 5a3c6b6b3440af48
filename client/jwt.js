// Decodes and encodes tokens, and makes tampered copies. Nothing here verifies a token: only the server does.

export const fromBase64url = (part) => {
  const binary = atob(part.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
};

export const toBase64url = (content) => {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
};

/** The token in pasted text, without its header name, scheme, quotes and line breaks. */
export const pastedToken = (text) => text.trim().replace(/^(authorization:\s*)?bearer\s+/i, "").replace(/^"|"$|\s+/g, "");

/** The three encoded parts, with the header and the claims as objects, or null if they cannot be read. */
export function decode(token) {
  const [header = "", claims = "", signature = ""] = token.split(".");
  return { encoded: { header, claims, signature }, header: objectIn(header), claims: objectIn(claims) };
}

function objectIn(part) {
  try {
    const value = JSON.parse(fromBase64url(part));
    return value !== null && typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

/** A copy of the token for another user: one digit of `sub` is changed. */
export function withForgedClaims(token) {
  const { encoded, claims } = decode(token);
  const sub = /^\d+$/.test(claims?.sub) ? claims.sub : null;
  if (!sub) return withFlippedCharacter(token, "claims");
  const forged = sub.slice(0, -1) + ((Number(sub.at(-1)) + 1) % 10);
  const text = fromBase64url(encoded.claims).replace(/("sub"\s*:\s*")\d+(")/, `$1${forged}$2`);
  return {
    token: [encoded.header, toBase64url(text), encoded.signature].join("."),
    change: `sub was changed from ${sub} to ${forged}`,
  };
}

export const withForgedSignature = (token) => withFlippedCharacter(token, "signature");

// Changes the first character, because decoders ignore some bits of the last one.
function withFlippedCharacter(token, name) {
  const { encoded } = decode(token);
  const from = encoded[name].at(0) ?? "";
  const to = from === "A" ? "B" : "A";
  const changed = { ...encoded, [name]: to + encoded[name].slice(1) };
  return {
    token: [changed.header, changed.claims, changed.signature].join("."),
    change: `the first character of the ${name} was changed from ${from || "nothing"} to ${to}`,
  };
}
