// One sentence for each member of a token and for each error code. The tables have no prototype, because the names that
// are looked up come from tokens and servers.

export const HEADER = {
  __proto__: null,
  alg: "The algorithm of the signature. The server ignores this and uses the algorithm of the key.",
  typ: "The type: an access token in JWT format.",
  kid: "The id of the key that signed it.",
};

export const CLAIMS = {
  __proto__: null,
  iss: "Issuer: the service that issued the token.",
  aud: "Audience: the service that should accept the token.",
  sub: "Subject: the id of the user.",
  sid: "The id of the session. When the session ends, the token is rejected.",
  gen: "The generation of the database. It changes when the database is reset or restored.",
  jti: "The id of this token.",
  iat: "Issued at.",
  exp: "Expires at. The token is rejected from this second on.",
  auth_time: "The time at which the user authenticated.",
  session_iat: "The time at which the session began, if it differs from auth_time.",
  idp: "The provider at which the user authenticated.",
  amr: "How the user signed in: pwd is a password, fed a provider.",
  nbf: "Not before. The token is rejected until then.",
  session_exp: "The end of the session. A renewed token does not expire later.",
  roles: "The roles of the user. Applications decide what a role allows.",
  roles_version: "The number of changes of the roles. If the roles have changed since, the server uses the new ones and renews the token.",
};

export const TIMES = new Set(["iat", "exp", "auth_time", "nbf", "session_exp", "session_iat"]);

export const ERRORS = {
  __proto__: null,
  no_token: "The request had no token.",
  malformed_token: "This is not a JWT: three base64url parts, separated by dots.",
  unknown_key: "The server does not have the key. Another server signed the token, or the secret was replaced.",
  wrong_algorithm: "The algorithm in the header is not the algorithm of the key.",
  bad_signature: "The signature does not match. The token was changed, or signed with another secret.",
  wrong_type: "This is another type of token, not a session token.",
  wrong_issuer: "Another service issued the token.",
  wrong_audience: "The token is for another service.",
  not_yet_valid: "The token is not valid yet.",
  expired: "The token has expired.",
  revoked: "The session has ended. Sign in again.",
  anonymous: "This is an anonymous session. Sign in first.",
  not_ready: "The server cannot check at the moment which sessions have ended, so it accepts no token.",
};

/** The reason of a rejection: the sentence for its code, if there is one, and the server's detail. */
export function reason(problem) {
  const own = ERRORS[problem.code];
  const server = problem.detail ?? problem.title ?? "";
  return own ? `${own} The server’s message: ${server}` : server;
}
