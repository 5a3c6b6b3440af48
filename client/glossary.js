// One plain sentence for each word of a token, and for each reason a token is refused or can not be judged. The tables
// have no prototype, since the names looked up in them come from tokens and servers.

export const HEADER = {
  __proto__: null,
  alg: "How it is signed. The server picks the algorithm itself and never believes this.",
  typ: "What kind of token it is: an access token in JWT form.",
  kid: "Which of the server’s keys signed it.",
};

export const CLAIMS = {
  __proto__: null,
  iss: "Issuer: the service that gave it out.",
  aud: "Audience: the service it is meant for.",
  sub: "Subject: the id of the user it speaks for.",
  sid: "The id of the session. Ending the session ends this token.",
  jti: "The id of this one token.",
  iat: "Issued at.",
  exp: "Expires at. From this second on it is refused.",
  auth_time: "When the person last proved who they are.",
  amr: "How they proved it: pwd is a password.",
  nbf: "Not before. Refused until then.",
  session_exp: "When the session ends, however often its token is renewed.",
};

export const TIMES = new Set(["iat", "exp", "auth_time", "nbf", "session_exp"]);

export const REFUSALS = {
  __proto__: null,
  no_token: "No token reached the server.",
  malformed_token: "It is not a well-formed token: three base64url parts with a dot between them.",
  unknown_key: "It names a key this server does not have. Another server signed it, or the secret was replaced.",
  wrong_algorithm: "Its header asks for an algorithm that does not belong to its key.",
  bad_signature: "The signature does not fit the rest. Someone changed the token, or signed it with another secret.",
  wrong_type: "It is a token of another kind, made for another purpose.",
  wrong_issuer: "Another service gave it out.",
  wrong_audience: "It is meant for another service.",
  not_yet_valid: "Its time has not come yet.",
  expired: "Its time is over. Sign in for a new one.",
  revoked: "Its session ended before its time was over. Sign in for a new one.",
  anonymous: "It is the session of an anonymous visitor, who has not signed in.",
  not_ready: "The server does not know at the moment which sessions have ended, so it accepts no token.",
};

/** The reason for a refusal in one or two sentences: the glossary's where the code is known, and always the server's. */
export function reason(problem) {
  const own = REFUSALS[problem.code];
  const server = problem.detail ?? problem.title ?? "";
  return own ? `${own} The server says: ${server}` : server;
}
