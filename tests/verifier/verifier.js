// A service that verifies Daypass sessions itself: without Daypass's secret, and without a request to Daypass for each of its own.
import { setTimeout as pause } from "node:timers/promises";
import express from "express";
import { createRemoteJWKSet, errors, jwtVerify } from "jose";

const { DAYPASS_URL, PORT = "8080", JWT_ISSUER = "daypass", JWT_AUDIENCE = "daypass" } = process.env;
const freshness = { cacheMaxAge: 300_000, cooldownDuration: 1_000 }; // reload for an unknown kid at most once per second
const keys = createRemoteJWKSet(new URL("/.well-known/jwks.json", DAYPASS_URL), freshness);
const rules = {
  algorithms: ["EdDSA"], typ: "at+jwt", issuer: JWT_ISSUER, audience: JWT_AUDIENCE,
  clockTolerance: 0, requiredClaims: ["exp", "sub", "sid", "gen"],
};

const revoked = new Map(); // session id -> when its token expires and it can be deleted
const users = new Map(); // user id -> entry that says which of their sessions ended
const roleChanges = new Map(); // user id -> entry with the latest version of their roles
let [generation, cursor, etag, updatedAt] = ["", "", "", -Infinity];

/** Reads a page of the feed. Returns whether there may be more pages. */
async function readPage() {
  const url = new URL("/api/revocations", DAYPASS_URL);
  if (cursor) url.searchParams.set("since", cursor);
  const requestedAt = performance.now();
  const answer = await fetch(url, { headers: etag ? { "If-None-Match": etag } : {}, signal: AbortSignal.timeout(2_000) });
  if (answer.status === 200) {
    const feed = await answer.json();
    if (feed.generation !== generation) { // the database was reset or restored: start over
      const first = generation === "";
      [generation, cursor, etag, updatedAt] = [feed.generation, "", "", -Infinity];
      revoked.clear();
      users.clear();
      roleChanges.clear();
      if (!first) return true;
    }
    for (const user of feed.users) users.set(user.userId, user);
    for (const { sessionId, expiresAt } of feed.revocations) revoked.set(sessionId, Date.parse(expiresAt));
    for (const change of feed.roleChanges) { // an older change can be sent again after a newer one
      if (change.rolesVersion >= latestVersion(change.userId)) roleChanges.set(change.userId, change);
    }
    const moved = feed.cursor !== cursor;
    cursor = feed.cursor;
    etag = moved ? "" : answer.headers.get("ETag"); // a tag belongs to its URL
    if (moved) return true;
  } else if (answer.status !== 304) throw new Error(`the feed responded with ${answer.status}`);
  updatedAt = requestedAt; // the cursor has not moved: the list was complete at this time
  for (const [id, expiresAt] of revoked) if (expiresAt < Date.now() - 1_000) revoked.delete(id);
  for (const entries of [users, roleChanges]) {
    for (const [id, { expiresAt }] of entries) if (Date.parse(expiresAt) < Date.now() - 1_000) entries.delete(id);
  }
  return false;
}

const latestVersion = (userId) => roleChanges.get(userId)?.rolesVersion ?? 0;

function isRevoked({ sid, sub, gen, auth_time, session_iat: signedInAt = auth_time }) {
  if (signedInAt === undefined) return true;
  const ended = users.get(Number(sub));
  const all = ended && signedInAt < Math.floor(Date.parse(ended.before) / 1_000) && sid !== ended.exceptSessionId;
  return revoked.has(sid) || all || (updatedAt > -Infinity && gen !== generation);
}

/** Returns whether the roles of the user changed. The client then renews its token: POST /api/sessions/current/renew */
function hasOldRoles({ sub, roles_version: version = 0 }) {
  return version < latestVersion(Number(sub));
}

async function validateSession(request, response, next) {
  const refuse = (status, challenge, code) => response.status(status).set(challenge).json({ status, code });
  const token = /^Bearer +(\S+)$/i.exec(request.get("Authorization") ?? "")?.[1];
  if (!token) return refuse(401, { "WWW-Authenticate": "Bearer" });
  try {
    const { payload } = await jwtVerify(token, keys, rules);
    if (isRevoked(payload)) throw new errors.JWTInvalid("revoked");
    if (performance.now() - updatedAt > 5_000) return refuse(503, { "Retry-After": "1" }); // never accept blindly
    if (hasOldRoles(payload)) return refuse(401, { "WWW-Authenticate": 'Bearer error="invalid_token"' }, "stale_token");
    request.session = { id: payload.sid, userId: Number(payload.sub), roles: payload.roles ?? [] };
  } catch (error) {
    const keysMissing = !error.code || /^ERR_(JOSE_GENERIC|JWKS_TIMEOUT|JWKS_INVALID)$/.test(error.code);
    return keysMissing ? refuse(503, { "Retry-After": "1" }) : refuse(401, { "WWW-Authenticate": 'Bearer error="invalid_token"' });
  }
  next();
}

const app = express();
app.get("/hello", validateSession, ({ session: { userId, roles } }, response) => response.json({ userId, roles }));
const server = app.listen(Number(PORT), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));

for (;; await pause(250)) {
  while (await readPage().catch(() => false)); // on failure updatedAt is not updated, and requests get 503 after 5 s
}
