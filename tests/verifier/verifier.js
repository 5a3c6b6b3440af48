// A service that lets in whoever holds a session of Daypass: without Daypass's secret, and without asking it for each request.
import { setTimeout as pause } from "node:timers/promises";
import express from "express";
import { createRemoteJWKSet, errors, jwtVerify } from "jose";

const { DAYPASS_URL, PORT = "8080", JWT_ISSUER = "daypass", JWT_AUDIENCE = "daypass" } = process.env;
const freshness = { cacheMaxAge: 300_000, cooldownDuration: 1_000 }; // an unknown kid is asked for at most once a second
const keys = createRemoteJWKSet(new URL("/.well-known/jwks.json", DAYPASS_URL), freshness);
const rules = {
  algorithms: ["EdDSA"], typ: "at+jwt", issuer: JWT_ISSUER, audience: JWT_AUDIENCE,
  clockTolerance: 0, requiredClaims: ["exp", "sub", "sid"],
};

const revoked = new Map(); // session id -> when its token expires and it may be forgotten
let [cursor, etag, heardAt] = ["", "", -Infinity];

/** Reads what is new; tells whether there may be more, for a long list comes in pages. */
async function readOn() {
  const url = new URL("/api/revocations", DAYPASS_URL);
  if (cursor) url.searchParams.set("since", cursor);
  const askedAt = performance.now();
  const answer = await fetch(url, { headers: etag ? { "If-None-Match": etag } : {}, signal: AbortSignal.timeout(2_000) });
  if (answer.status === 200) {
    const feed = await answer.json();
    for (const { sessionId, expiresAt } of feed.revocations) revoked.set(sessionId, Date.parse(expiresAt));
    const moved = feed.cursor !== cursor;
    cursor = feed.cursor;
    etag = moved ? "" : answer.headers.get("ETag"); // a tag belongs to its URL
    if (moved) return true;
  } else if (answer.status !== 304) throw new Error(`the feed answers ${answer.status}`);
  heardAt = askedAt; // the cursor stands still: nothing was missing then
  for (const [id, expiresAt] of revoked) if (expiresAt < Date.now() - 1_000) revoked.delete(id);
  return false;
}

async function validateSession(request, response, next) {
  const refuse = (status, challenge) => response.status(status).set(challenge).json({ status });
  const token = /^Bearer +(\S+)$/i.exec(request.get("Authorization") ?? "")?.[1];
  if (!token) return refuse(401, { "WWW-Authenticate": "Bearer" });
  try {
    const { payload } = await jwtVerify(token, keys, rules);
    if (revoked.has(payload.sid)) throw new errors.JWTInvalid("revoked");
    if (performance.now() - heardAt > 5_000) return refuse(503, { "Retry-After": "1" }); // never accept blindly
    request.session = { id: payload.sid, userId: Number(payload.sub) };
  } catch (error) {
    const keysMissing = !error.code || /^ERR_(JOSE_GENERIC|JWKS_TIMEOUT|JWKS_INVALID)$/.test(error.code);
    return keysMissing ? refuse(503, { "Retry-After": "1" }) : refuse(401, { "WWW-Authenticate": 'Bearer error="invalid_token"' });
  }
  next();
}

const app = express();
app.get("/hello", validateSession, (request, response) => response.json({ userId: request.session.userId }));
const server = app.listen(Number(PORT), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));

for (;; await pause(250)) {
  while (await readOn().catch(() => false)); // not heard: heardAt grows old, and that is what counts
}
