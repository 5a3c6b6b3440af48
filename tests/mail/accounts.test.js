// Accounts whose password was forgotten, or whose address was replaced.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startMailServer } from "./mail-server.js";
import { PASSWORD, PUBLIC_URL, codeOf, startService, until } from "./service.js";

const ADDRESS = "ada@mail.example";
const NEW_PASSWORD = "five other quiet words here";
const RESPONSE = { message: "If the account has a verified e-mail address, a message will be sent to it." };

const me = (service, token) => service.request("GET", "/api/users/me", undefined, token);
const resetPassword = (service, code) => service.request("PUT", "/api/password-resets", { code, newPassword: NEW_PASSWORD });
const sent = (service) => until("the outbox is empty", async () => (await service.rows("SELECT id FROM outbox")).length === 0);

async function requestReset(service, account) {
  const { status, body } = await service.request("POST", "/api/password-resets", account);
  assert.deepEqual([status, body], [202, RESPONSE]);
}

async function assertRevoked(service, token) {
  const { status, body } = await me(service, token);
  assert.deepEqual([status, body.code], [401, "revoked"]);
  return body.detail;
}

async function assertInvalid(response) {
  const { status, body } = await response;
  assert.deepEqual([status, body.code], [403, "code_invalid"]);
}

/** Starts a service with a user who has a verified address. */
async function start(t) {
  const server = await startMailServer(t);
  const service = await startService(t, { SMTP_URL: server.url });
  const token = await service.signUp("ada", ADDRESS);
  assert.equal((await service.verify(await server.message(ADDRESS))).status, 200);
  return { server, service, token };
}

describe("accounts", { concurrency: true }, () => {
  test("forgotten password is reset with the code of a message", async (t) => {
    const { server, service, token } = await start(t);
    await service.signUp("grace", "grace@mail.example");
    await server.message("grace@mail.example");
    for (const username of ["unknown", "grace"]) {
      await requestReset(service, { username });
      await requestReset(service, { email: `${username}@mail.example` });
    }
    await requestReset(service, { username: "ADA" });
    const byName = await server.message(ADDRESS, { number: 2 });
    await requestReset(service, { email: ADDRESS });
    const byAddress = await server.message(ADDRESS, { number: 3 });
    await sent(service);
    assert.equal(server.messages.length, 4, "unknown accounts and addresses that are not verified get no message");

    assert.equal(byName.subject, "Set a new password for Example");
    const codes = [byName, byAddress].map(codeOf);
    for (const [i, message] of [byName, byAddress].entries()) {
      assert.match(codes[i], /^[\w-]{22}$/);
      assert.ok(message.text.includes(`${PUBLIC_URL}/#reset=${codes[i]}\n`) && message.html.includes(codes[i]), message.text);
    }
    const stored = JSON.stringify(await service.rows("SELECT * FROM one_time_codes"));
    for (const code of codes) assert.ok(!stored.includes(code), "the database has only hashes of codes");

    const { status, body } = await resetPassword(service, codes[0]);
    assert.deepEqual([status, body.message, body.user.username], [200, "successfully authenticated", "ada"]);
    assert.equal((await me(service, body.sessionToken)).status, 200);
    await assertRevoked(service, token);
    await assertInvalid(resetPassword(service, codes[0]));
    await assertInvalid(resetPassword(service, codes[1]));
    assert.deepEqual(await service.rows("SELECT purpose FROM one_time_codes WHERE purpose = 'reset-password'"), []);
    const signIn = (password) => service.request("POST", "/api/sessions", { username: "ada", password });
    assert.equal((await signIn(PASSWORD)).status, 401);
    assert.equal((await signIn(NEW_PASSWORD)).status, 201);
    for (const code of codes) assert.ok(!service.log().includes(code), service.log());
  });

  test("invalid password does not use up the code", async (t) => {
    const { server, service } = await start(t);
    await requestReset(service, { username: "ada" });
    const code = codeOf(await server.message(ADDRESS, { number: 2 }));
    assert.equal((await service.request("PUT", "/api/password-resets", { code, newPassword: "short" })).status, 422);
    assert.equal((await resetPassword(service, code)).status, 200);
  });

  test("user gets at most ten messages with reset codes per hour", async (t) => {
    const { server, service } = await start(t);
    for (let i = 0; i < 12; i++) await requestReset(service, { username: "ada" });
    await sent(service);
    assert.equal(server.messages.length, 1 + 10);
  });

  test("previous address gets a notice, and its code restores the address and ends all sessions", async (t) => {
    const { server, service, token } = await start(t);
    const changed = "eve@mail.example";
    assert.equal((await service.changeEmail(changed, token)).status, 202);
    const verification = await server.message(changed);
    let { body } = await me(service, token);
    assert.deepEqual([body.email, body.emailVerified, body.pendingEmail], [ADDRESS, true, changed]);
    assert.equal(server.to(ADDRESS).length, 1, "the notice is sent when the new address is verified");
    assert.equal((await service.verify(verification)).status, 200);
    ({ body } = await me(service, token));
    assert.deepEqual([body.email, body.emailVerified, body.pendingEmail], [changed, true, undefined]);

    const notice = await server.message(ADDRESS, { number: 2 });
    assert.equal(notice.subject, "Your e-mail address at Example was changed");
    const code = codeOf(notice);
    assert.match(code, /^[\w-]{22}$/);
    assert.ok(notice.text.includes(`${PUBLIC_URL}/#restore-email=${code}\n`) && notice.html.includes(code), notice.text);
    assert.ok(!notice.text.includes(changed) && !notice.html.includes(changed), "the notice does not contain the new address");
    await requestReset(service, { email: changed });
    const voided = codeOf(await server.message(changed, { number: 2 }));

    const restored = await service.verify(notice);
    assert.deepEqual([restored.status, restored.body], [200, { email: ADDRESS }]);
    assert.match(await assertRevoked(service, token), /previous e-mail address of the account was restored/);
    await assertInvalid(service.verify(notice));
    await assertInvalid(resetPassword(service, voided));
    const reset = await server.message(ADDRESS, { number: 3 });
    assert.equal(reset.subject, "Set a new password for Example");
    const { status, body: credentials } = await resetPassword(service, codeOf(reset));
    assert.deepEqual([status, credentials.user.email, credentials.user.emailVerified], [200, ADDRESS, true]);
    await sent(service);
    assert.deepEqual([server.to(ADDRESS).length, server.to(changed).length], [3, 2]);
    assert.deepEqual(await service.rows("SELECT email FROM users"), [{ email: ADDRESS }]);
  });

  test("removed address gets a notice, and its code restores the address", async (t) => {
    const { server, service, token } = await start(t);
    const { status } = await service.request("DELETE", "/api/users/me/email", { currentPassword: PASSWORD }, token);
    assert.equal(status, 204);
    const notice = await server.message(ADDRESS, { number: 2 });
    assert.equal((await me(service, token)).body.email, undefined);
    await requestReset(service, { email: ADDRESS });
    await sent(service);
    assert.equal(server.to(ADDRESS).length, 2);
    assert.equal((await service.verify(notice)).status, 200);
    await assertRevoked(service, token);
    await server.message(ADDRESS, { number: 3 });
  });
});
