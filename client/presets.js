// The presets of the lesson: each breaks a token in one way. A preset gets `{header, claims}` and the time in seconds, and
// returns the changed members. `secret` replaces the secret, and `keepsSignature` does not sign again.

const HOUR = 3600;

// Not the secret of any server: secrets are random.
const WRONG_SECRET = "another secret, which the server does not have";

export const PRESETS = [
  {
    name: "expired",
    label: "Expired",
    text: "`exp` is one minute ago. A token that was stolen or forgotten is of no use after this time.",
    code: "expired",
    needsSecret: true,
    change: ({ claims }, now) => ({ claims: { ...claims, iat: now - 24 * HOUR - 60, exp: now - 60 } }),
  },
  {
    name: "none",
    label: "alg: none",
    text: "`alg` says that the token has no signature, and the signature is empty. A server that believes the header accepts any claims. " +
      "Daypass requires a signature. With any signature, the answer is `401 wrong_algorithm`.",
    code: "malformed_token",
    needsSecret: false,
    change: ({ header }) => ({ header: { ...header, alg: "none" } }),
  },
  {
    name: "secret",
    label: "Wrong secret",
    text: "The token is signed with another secret. Only a server with the same secret can verify it.",
    code: "bad_signature",
    needsSecret: false,
    change: () => ({ secret: WRONG_SECRET }),
  },
  {
    name: "payload",
    label: "Changed claims",
    text: "`sub` is another user, but the signature is still the signature of the old claims. Anyone can change claims. " +
      "Signing them needs the secret.",
    code: "bad_signature",
    needsSecret: false,
    change: ({ claims }) => ({ claims: { ...claims, sub: otherUser(claims.sub) }, keepsSignature: true }),
  },
  {
    name: "issuer",
    label: "Foreign issuer",
    text: "`iss` is another service. Two services with the same secret must still not accept each other’s tokens.",
    code: "wrong_issuer",
    needsSecret: true,
    change: ({ claims }) => ({ claims: { ...claims, iss: "another-service" } }),
  },
  {
    name: "nbf",
    label: "Not valid yet",
    text: "`nbf` is in one hour. The server rejects the token until then.",
    code: "not_yet_valid",
    needsSecret: true,
    change: ({ claims }, now) => ({ claims: { ...claims, nbf: now + HOUR } }),
  },
];

const otherUser = (sub) => (/^\d{1,15}$/.test(sub) ? String(Number(sub) + 1) : "2");

/** What the server answers to the token of a preset. */
export const expectationOf = ({ code, needsSecret }) => (needsSecret
  ? `Expected answer: \`401 ${code}\`, if you sign with the server’s secret. Otherwise \`401 bad_signature\`, because the ` +
    "server checks the signature first."
  : `Expected answer: \`401 ${code}\`.`);

/** A token to start with, for a user who is not signed in. */
export const exampleAt = (now) => ({
  header: { alg: "HS256", typ: "at+jwt", kid: "example" },
  claims: { iss: "daypass", aud: "daypass", sub: "1", sid: "AAAAAAAAAAAAAAAAAAAAAA", iat: now, exp: now + 24 * HOUR },
});
