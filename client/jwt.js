// Taking a session token apart, and spoiling copies of it. Nothing here proves anything: only the server verifies.

const fromBase64url = (part) => {
  const binary = atob(part.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
};

const toBase64url = (text) => {
  const binary = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
};

/** The three encoded parts, and the header and the claims as objects, or null where they can not be read. */
export function takeApart(token) {
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

/** The token as someone would forge it who wants to be another user: one digit of `sub` changed, the rest as it was. */
export function withForgedClaims(token) {
  const { encoded, claims } = takeApart(token);
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

// The first character, since the last one of a part can carry bits that no decoder looks at.
function withFlippedCharacter(token, name) {
  const { encoded } = takeApart(token);
  const from = encoded[name].at(0) ?? "";
  const to = from === "A" ? "B" : "A";
  const changed = { ...encoded, [name]: to + encoded[name].slice(1) };
  return {
    token: [changed.header, changed.claims, changed.signature].join("."),
    change: `the first character of the ${name} was changed from ${from || "nothing"} to ${to}`,
  };
}
