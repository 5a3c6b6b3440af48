// The verifier with a Daypass that signs with EdDSA: it accepts tokens without a request to Daypass. It rejects them within a second of a sign-out
// or a change of roles.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { createHmac, createPublicKey, generateKeyPairSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { SignJWT, exportJWK } from "jose";

const { DAYPASS_URL, DATABASE_URL, DAYPASS_BIN = fileURLToPath(new URL("../../target/debug/daypass", import.meta.url)) } = process.env;
if (!DAYPASS_URL) {
  throw new Error("DAYPASS_URL is not set. Start Daypass with EdDSA and set its address: DAYPASS_URL=http://127.0.0.1:3000 npm test");
}
if (!DATABASE_URL) throw new Error("DATABASE_URL is not set. Set it to the database of this Daypass, for commands that change roles.");
const { keys: publicKeys } = await (await fetch(new URL("/.well-known/jwks.json", DAYPASS_URL))).json();
if (publicKeys.length === 0) throw new Error("this Daypass publishes no key: start it with JWT_ALGORITHM=EdDSA");

const PASSWORD = "four quiet words here";
const ROUNDS = 20;

/** Starts a verifier in a separate process. */
async function verifierOf(daypass) {
  const script = fileURLToPath(new URL("verifier.js", import.meta.url));
  const env = { PATH: process.env.PATH, DAYPASS_URL: daypass, PORT: "0" };
  const child = spawn(process.execPath, [script], { env, stdio: ["ignore", "pipe", "inherit"] });
  after(() => child.kill());
  const [line] = await once(child.stdout, "data");
  return line.toString().trim();
}

async function listening(answer) {
  const server = http.createServer(answer).listen(0, "127.0.0.1");
  after(() => server.close().closeAllConnections());
  await once(server, "listening");
  return `http://127.0.0.1:${server.address().port}`;
}

/** Waits until the condition is true. */
async function until(what, condition, seconds = 5) {
  const startedAt = performance.now();
  while (!(await condition())) {
    assert.ok(performance.now() - startedAt < seconds * 1000, `waited ${seconds} s: ${what}`);
    await pause(5);
  }
  return performance.now() - startedAt;
}

async function hello(verifier, token) {
  const response = await fetch(`${verifier}/hello`, { headers: token ? { Authorization: `Bearer ${token}` } : {} });
  return { status: response.status, challenge: response.headers.get("WWW-Authenticate"), body: await response.json() };
}

const status = async (verifier, token) => (await hello(verifier, token)).status;

async function daypass(method, path, { token, body } = {}) {
  const response = await fetch(DAYPASS_URL + path, {
    method,
    headers: { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) },
    body: body && JSON.stringify(body),
  });
  return { status: response.status, body: response.status === 204 ? null : await response.json() };
}

/** Runs a command of Daypass on the database of the service. */
async function command(...words) {
  const env = { PATH: process.env.PATH, DATABASE_URL };
  return (await promisify(execFile)(DAYPASS_BIN, words, { env })).stdout;
}

async function signsUp() {
  const credentials = { username: `ada-${randomBytes(5).toString("hex")}`, password: PASSWORD };
  const { status, body } = await daypass("POST", "/api/users", { body: credentials });
  assert.equal(status, 201);
  return { credentials, id: body.user.id, token: body.sessionToken };
}

async function signsIn({ credentials }) {
  const { status, body } = await daypass("POST", "/api/sessions", { body: credentials });
  assert.equal(status, 201);
  return body.sessionToken;
}

async function signsOut(token) {
  assert.equal((await daypass("DELETE", "/api/sessions/current", { token })).status, 204);
}

/** Returns the session and its new token. */
async function renews(token) {
  const { status, body } = await daypass("POST", "/api/sessions/current/renew", { token });
  assert.equal(status, 200);
  return body;
}

const parts = (token) => token.split(".");
const decoded = (part) => JSON.parse(Buffer.from(part, "base64url"));
const encoded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

const verifier = await verifierOf(DAYPASS_URL);
const ada = await signsUp();
await until("the verifier has read the feed", async () => (await status(verifier, ada.token)) === 200);

test("token of a Daypass session is accepted", async () => {
  assert.equal(decoded(parts(ada.token)[0]).alg, "EdDSA");
  const { status, body } = await hello(verifier, ada.token);
  assert.deepEqual([status, body], [200, { userId: ada.id, roles: [] }]);
});

test("request without a token gets a challenge", async () => {
  const { status, challenge } = await hello(verifier);
  assert.deepEqual([status, challenge], [401, "Bearer"]);
});

test("changed token is rejected", async () => {
  const [header, payload, signature] = parts(ada.token);
  const another = encoded({ ...decoded(payload), sub: String(ada.id + 1) });
  const flipped = (signature[0] === "A" ? "B" : "A") + signature.slice(1);
  const unknownKey = { ...decoded(header), kid: "unknown" };
  const bad = [
    `${header}.${another}.${signature}`, `${header}.${payload}.${flipped}`, `${header}.${payload}.`, `${header}.${payload}`,
    `${encoded(unknownKey)}.${payload}.${signature}`, `${encoded({ ...decoded(header), alg: "none" })}.${payload}.`,
    "a.b.c", "..", "null", "%", `${ada.token}.${signature}`,
  ];
  for (const token of bad) {
    const { status, challenge } = await hello(verifier, token);
    assert.deepEqual([status, challenge], [401, 'Bearer error="invalid_token"'], token);
  }
});

test("public key is not accepted as a shared secret", async () => {
  const [header, payload] = parts(ada.token);
  const jwk = publicKeys.find(({ kid }) => kid === decoded(header).kid);
  const key = createPublicKey({ key: jwk, format: "jwk" });
  const secrets = [
    Buffer.from(jwk.x, "base64url"), jwk.x, JSON.stringify(jwk),
    key.export({ type: "spki", format: "der" }), key.export({ type: "spki", format: "pem" }),
  ];
  for (const secret of secrets) {
    for (const alg of ["HS256", "HS512"]) {
      const message = `${encoded({ ...decoded(header), alg })}.${payload}`;
      const forged = `${message}.${createHmac(`sha${alg.slice(2)}`, secret).update(message).digest("base64url")}`;
      assert.equal(await status(verifier, forged), 401);
      assert.equal((await daypass("GET", "/api/users/me", { token: forged })).status, 401);
    }
  }
});

test("sign-out at Daypass is seen by the verifier within a second", async () => {
  const lags = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const token = await signsIn(ada);
    assert.equal(await status(verifier, token), 200);
    // The round before ended with a poll of the verifier. This sign-out comes right after it, which is the longest wait.
    await signsOut(token);
    lags.push(await until("the verifier refuses", async () => (await status(verifier, token)) === 401));
  }
  lags.sort((a, b) => a - b);
  const [p50, max] = [lags[ROUNDS / 2], lags.at(-1)].map(Math.round);
  console.log(`sign-out seen by the verifier, ${ROUNDS} times, ms after the answer: p50 ${p50}   max ${max}`);
  assert.ok(max < 1000, `${max} ms`);
  assert.equal(await status(verifier, ada.token), 200, "the other session stays active");
});

test("change of roles at Daypass is seen by the verifier within a second", async () => {
  const carol = await signsUp();
  const { username } = carol.credentials;
  let { token } = carol;
  const before = await renews(token);
  const lags = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const [change, roles] = round % 2 ? ["revoke", []] : ["grant", ["admin", "editor"]];
    await command("user", change, username, "editor", "admin");
    const startedAt = performance.now();
    await until("the verifier refuses", async () => (await status(verifier, token)) === 401);
    lags.push(performance.now() - startedAt);
    const { challenge, body } = await hello(verifier, token);
    assert.deepEqual([challenge, body], ['Bearer error="invalid_token"', { status: 401, code: "stale_token" }]);
    assert.equal((await daypass("GET", "/api/verify", { token })).status, 204, "Daypass itself uses the current roles");
    const renewed = await renews(token);
    assert.deepEqual([renewed.session.id, renewed.user.roles], [before.session.id, roles]);
    const accepted = await hello(verifier, renewed.sessionToken);
    assert.deepEqual([accepted.status, accepted.body], [200, { userId: carol.id, roles }]);
    assert.equal(await status(verifier, before.sessionToken), 401, "the first token stays refused");
    token = renewed.sessionToken;
  }
  lags.sort((a, b) => a - b);
  const [p50, max] = [lags[ROUNDS / 2], lags.at(-1)].map(Math.round);
  console.log(`change of roles seen by the verifier, ${ROUNDS} times, ms after the command: p50 ${p50}   max ${max}`);
  assert.ok(max < 1000, `${max} ms`);
  assert.equal(await status(verifier, ada.token), 200, "the tokens of other users stay valid");
});

test("token of a sign-in after a change of roles has the new roles", async () => {
  const dan = await signsUp();
  await command("user", "grant", dan.credentials.username, "editor");
  const token = await signsIn(dan);
  await until("the verifier refuses the older token", async () => (await status(verifier, dan.token)) === 401);
  const { status: code, body } = await hello(verifier, token);
  assert.deepEqual([code, body], [200, { userId: dan.id, roles: ["editor"] }]);
});

test("stale feed makes the verifier answer 503", async () => {
  let cut = false;
  const proxy = await listening((request, response) => {
    if (cut && request.url.startsWith("/api/revocations")) return request.socket.destroy();
    const onward = http.request(DAYPASS_URL + request.url, { method: request.method, headers: request.headers });
    onward.on("response", (answer) => answer.pipe(response.writeHead(answer.statusCode, answer.headers)));
    onward.on("error", () => request.socket.destroy());
    request.pipe(onward);
  });
  const [gone, bob] = [await signsIn(ada), await signsUp()];
  await signsOut(gone);
  const behind = await verifierOf(proxy);
  await until("the verifier has read the feed", async () => (await status(behind, bob.token)) === 200);
  cut = true;
  assert.equal(await status(behind, bob.token), 200, "a short outage changes nothing");
  const blind = await until("the feed is stale", async () => (await status(behind, bob.token)) === 503, 10);
  console.log(`the feed stopped: 503 after ${(blind / 1000).toFixed(1)} s`);
  assert.ok(blind < 6_000);
  assert.equal(await status(behind, gone), 401, "known revocations still apply");
  const late = await verifierOf(proxy);
  assert.equal(await status(late, bob.token), 503, "a verifier that never read the feed accepts nothing");
  cut = false;
  await until("the feed is read again", async () => (await status(behind, bob.token)) === 200);
  await until("the new verifier reads the feed", async () => (await status(late, bob.token)) === 200);
});

test("type, issuer, audience, times and session are checked, and every page is read", async () => {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const jwk = { ...(await exportJWK(publicKey)), kid: "k", alg: "EdDSA", use: "sig" };
  const expiresAt = new Date(Date.now() + 60_000).toISOString();
  const pages = ["first", "second", "third"];
  const roleChanges = [{ userId: 9, rolesVersion: 2, expiresAt }];
  let generation = "g";
  const issuer = await listening((request, response) => {
    const url = new URL(request.url, "http://issuer");
    if (url.pathname === "/.well-known/jwks.json") return response.end(JSON.stringify({ keys: [jwk] }));
    const page = Number(url.searchParams.get("since") ?? 0);
    const revocations = pages.slice(page, page + 1).map((sessionId) => ({ sessionId, expiresAt }));
    const users = [{ userId: 8, before: new Date().toISOString(), exceptSessionId: "spared", expiresAt }];
    const cursor = String(Math.min(page + 1, pages.length));
    response.end(JSON.stringify({ generation, revocations, users, roleChanges, cursor }));
  });
  const other = await verifierOf(issuer);
  const now = () => Math.floor(Date.now() / 1000);
  const usual = { iss: "daypass", aud: "daypass", sub: "7", sid: "s", gen: "g", iat: now(), auth_time: now() - 5, exp: now() + 60 };
  const sign = (claims, header) => new SignJWT({ ...usual, ...claims })
    .setProtectedHeader({ alg: "EdDSA", typ: "at+jwt", kid: "k", ...header }).sign(privateKey);
  const good = await sign();
  await until("all pages are read", async () => (await status(other, good)) === 200);
  const bad = [
    [{ exp: now() }], [{ exp: now() - 1 }], [{ exp: undefined }], [{ nbf: now() + 60 }], [{}, { typ: "JWT" }], [{}, { typ: undefined }], [{ iss: "another" }], [{ iss: undefined }], [{ aud: "another" }], [{ aud: undefined }],
    [{ sid: undefined }], [{ sub: undefined }], [{ gen: undefined }], [{ gen: "h" }], [{ auth_time: undefined }], [{ sub: "8" }], [{ sub: "8", auth_time: now() + 1, session_iat: now() - 5 }],
    [{ sub: "9" }], [{ sub: "9", roles_version: 1 }], ...pages.map((sid) => [{ sid }]),
  ];
  for (const [claims, header] of bad) {
    assert.equal(await status(other, await sign(claims, header)), 401, JSON.stringify({ claims, header }));
  }
  const accepted = [
    { sub: "8", sid: "spared" }, { sub: "8", auth_time: now() + 1 }, { sub: "8", auth_time: now() - 3600, session_iat: now() + 1 }, { sub: "9", roles_version: 2 }, { sub: "9", roles_version: 3 },
  ];
  for (const claims of accepted) assert.equal(await status(other, await sign(claims)), 200, JSON.stringify(claims));
  const { body } = await hello(other, await sign({ roles: ["admin"] }));
  assert.deepEqual(body.roles, ["admin"]);
  // The feed sends older rows again.
  roleChanges.splice(0, 1, { userId: 9, rolesVersion: 1, expiresAt }, { userId: 10, rolesVersion: 1, expiresAt });
  await until("the feed is read again", async () => (await status(other, await sign({ sub: "10" }))) === 401);
  assert.equal(await status(other, await sign({ sub: "9", roles_version: 1 })), 401, "the newer change still applies");
  // The database was reset: other sessions ended, and the numbers and the versions start again.
  generation = "h";
  pages.splice(0, 3, "fourth");
  await until("tokens of the earlier generation are rejected", async () => (await status(other, good)) === 401);
  await until("tokens of the new one are accepted", async () => (await status(other, await sign({ gen: "h" }))) === 200);
  assert.equal(await status(other, await sign({ gen: "h", sid: "first" })), 200, "revocations of the earlier generation are deleted");
  const versioned = await sign({ gen: "h", sub: "9", roles_version: 1 });
  assert.equal(await status(other, versioned), 200, "changes of roles of the earlier generation are deleted");
  assert.equal(await status(other, await sign({ gen: "h", sid: "fourth" })), 401);
});
