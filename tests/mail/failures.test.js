// Deliveries that fail: which messages are sent again, which are discarded, and what the log says.

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { describe, test } from "node:test";
import { CREDENTIALS, answer, closedPort, startMailServer } from "./mail-server.js";
import { startService, until } from "./service.js";

const ADDRESS = "ada@mail.example";
const LATER = "grace@mail.example";
const WORDS = `strange words about <${ADDRESS}>`;

const outbox = (service) => service.rows("SELECT id, attempts, next_attempt_at - created_at AS pause FROM outbox");
const lines = (service, text) => service.log().split("\n").filter((line) => line.includes(text));

/** Waits for the line in the log about the first attempt. Checks that the next one is after 30 s. */
async function firstFailure(service) {
  const text = await until("the first attempt is logged", () => lines(service, "a message was not sent yet")[0]);
  const [row, ...others] = await outbox(service);
  assert.deepEqual([row.attempts, others], [1, []]);
  assert.ok(row.pause >= 30_000 && row.pause < 45_000, `the next attempt is after ${row.pause} ms`);
  assert.match(text, new RegExp(` WARN .*mail\\.id=${row.id} attempt=1 `));
  return text;
}

/** Waits for the message of the second attempt. Checks that it is sent only once. */
async function secondAttempt(service, server) {
  const message = await server.message(ADDRESS, { seconds: 60 });
  await until("the row is deleted", async () => (await outbox(service)).length === 0);
  assert.equal(lines(service, "a message was not sent").length, 1);
  assert.equal((await service.verify(message)).status, 200);
  // The job reads the outbox every second.
  await service.signUp("grace", LATER);
  await server.message(LATER);
  assert.equal(server.messages.length, 2);
}

function assertNothingPrivate(service) {
  for (const hidden of [ADDRESS, "strange words"]) assert.ok(!service.log().includes(hidden), service.log());
}

/** Starts a proxy that does not forward the command QUIT. Returns its URL. */
async function proxyWithoutQuit(t, port) {
  const proxy = createServer((client) => {
    const server = connect(port, "127.0.0.1", () => client.on("data", (data) => data.toString() === "QUIT\r\n" || server.write(data)));
    for (const socket of [client, server]) socket.on("error", () => {});
    client.on("close", () => server.destroy());
    server.pipe(client);
  });
  await once(proxy.listen(0, "127.0.0.1"), "listening");
  t.after(() => proxy.close());
  return `smtp://localhost:${proxy.address().port}?tls=none`;
}

describe("failed deliveries", { concurrency: true }, () => {
  test("message stays in the outbox while the server rejects the password", async (t) => {
    const server = await startMailServer(t, { auth: true, allowInsecureAuth: true });
    const url = `smtp://ada%40mail.example:wrong-password@localhost:${server.port}?tls=none`;
    const service = await startService(t, { SMTP_URL: url });
    await service.signUp("ada", ADDRESS);
    assert.match(await firstFailure(service), /answered 535/);
    assert.deepEqual(server.logins, [[ADDRESS, "wrong-password"]]);
    assertNothingPrivate(service);
    assert.ok(!service.log().includes("wrong-password"));
    assert.deepEqual(server.messages, []);
  });

  test("message arrives over a connection with a password and without TLS on the same machine", async (t) => {
    const server = await startMailServer(t, { auth: true, allowInsecureAuth: true });
    const service = await startService(t, { SMTP_URL: `smtp://${CREDENTIALS}@localhost:${server.port}?tls=none` });
    await service.signUp("ada", ADDRESS);
    assert.equal((await server.message(ADDRESS)).user, "ada@mail.example");
  });

  test("message that the server postpones arrives once, with the second attempt", async (t) => {
    const attempts = [];
    const server = await startMailServer(t, {
      onRcptTo(_address, _session, callback) {
        attempts.push(performance.now());
        callback(attempts.length === 1 ? answer(451, WORDS) : null);
      },
    });
    const service = await startService(t, { SMTP_URL: server.url });
    await service.signUp("ada", ADDRESS);
    assert.match(await firstFailure(service), /answered 451/);
    await secondAttempt(service, server);
    const seconds = (attempts[1] - attempts[0]) / 1000;
    assert.ok(seconds > 29 && seconds < 45, `the second attempt is after ${seconds} s`);
    assertNothingPrivate(service);
  });

  test("message that the server rejects is discarded, and later messages arrive", async (t) => {
    const server = await startMailServer(t, {
      onRcptTo: ({ address }, _session, callback) => callback(address === ADDRESS ? answer(550, WORDS) : null),
    });
    const service = await startService(t, { SMTP_URL: server.url });
    const token = await service.signUp("ada", ADDRESS);
    await until("the rejection is logged", () => lines(service, "discarded").length > 0);
    const [text, ...others] = lines(service, "a message");
    assert.match(text, / ERROR .*discarded mail\.id=1 .*rejected the message with 550/);
    assert.deepEqual(others, []);
    assert.deepEqual(await outbox(service), []);
    assert.equal((await service.changeEmail(LATER, token)).status, 202);
    await server.message(LATER);
    assert.deepEqual(server.to(ADDRESS), []);
    assertNothingPrivate(service);
  });

  test("message is sent again if the server closes the connection during DATA", async (t) => {
    const server = await startMailServer(t, { closesDuringData: true });
    const service = await startService(t, { SMTP_URL: server.url });
    await service.signUp("ada", ADDRESS);
    assert.match(await firstFailure(service), /cannot reach the SMTP server/);
    await secondAttempt(service, server);
  });

  test("message that the server accepts is deleted, even if QUIT is not answered", async (t) => {
    const server = await startMailServer(t);
    const service = await startService(t, { SMTP_URL: await proxyWithoutQuit(t, server.port) });
    await service.signUp("ada", ADDRESS);
    await server.message(ADDRESS);
    await until("the row is deleted", async () => (await outbox(service)).length === 0);
  });

  test("message arrives when a server starts on the port later", async (t) => {
    const port = await closedPort();
    const service = await startService(t, { SMTP_URL: `smtp://localhost:${port}?tls=none` });
    const token = await service.signUp("ada");
    const { status, body } = await service.changeEmail(ADDRESS, token);
    assert.deepEqual([status, body], [202, ""]);
    assert.match(await firstFailure(service), /cannot reach the SMTP server: Connection refused/);
    const server = await startMailServer(t, { port });
    await secondAttempt(service, server);
  });
});
