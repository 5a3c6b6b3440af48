// Connections with TLS: which servers get the password and the messages.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { TLSSocket } from "node:tls";
import { createAuthority } from "./certificates.js";
import { CREDENTIALS, SMTP_PASSWORD, USER, startMailServer } from "./mail-server.js";
import { PUBLIC_URL, codeOf, startService, temporaryFolder, until } from "./service.js";

const ADDRESS = "ada@mail.example";

/** Starts a service that trusts the CA. */
function serviceOf(t, authority, url) {
  const settings = { SMTP_URL: url, SSL_CERT_FILE: authority.file, MAIL_FROM: "Café Example <no-reply@example.com>" };
  return startService(t, settings);
}

/** Requests a message, and waits until the service reports that it was not sent. */
async function failedMessage(service) {
  const token = await service.signUp("ada");
  const { status, body } = await service.changeEmail(ADDRESS, token);
  assert.deepEqual([status, body], [202, ""]);
  await until("the failed attempt is logged", () => service.log().includes("a message was not sent yet"));
  const rows = await service.rows("SELECT attempts, next_attempt_at - created_at AS pause FROM outbox");
  assert.equal(rows.length, 1);
  assert.equal(rows[0].attempts, 1);
  assert.ok(rows[0].pause >= 30_000 && rows[0].pause < 45_000, `the next attempt is after ${rows[0].pause} ms`);
  assert.ok(!service.log().includes(SMTP_PASSWORD) && !service.log().includes(ADDRESS), service.log());
}

/**
 * Starts a server that answers STARTTLS with further replies in plain text, as an attacker in the network can, and nothing
 * over TLS. `lines` has what it receives over TLS.
 */
async function startInjectingServer(t, certificate) {
  const lines = [];
  const server = createServer((socket) => {
    socket.on("error", () => {}).write("220 mail.example ESMTP\r\n");
    socket.once("data", () => {
      socket.write("250-mail.example\r\n250 STARTTLS\r\n");
      socket.once("data", () => {
        socket.write("220 ready\r\n250 mail.example\r\n250 accepted\r\n250 accepted\r\n354 send\r\n250 accepted\r\n");
        const secure = new TLSSocket(socket, { isServer: true, ...certificate }).setEncoding("utf8");
        secure.on("error", () => {}).on("data", (text) => lines.push(...text.trimEnd().split("\r\n")));
      });
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => server.close());
  return { port: server.address().port, lines };
}

describe("TLS", { concurrency: true }, () => {
  test("message arrives over STARTTLS with all headers, and its code verifies the address", async (t) => {
    const authority = await createAuthority(await temporaryFolder(t));
    const server = await startMailServer(t, { ...(await authority.issue("localhost")), auth: true });
    const service = await serviceOf(t, authority, `smtp://${CREDENTIALS}@localhost:${server.port}`);
    const startedAt = Date.now();
    const token = await service.signUp("ada", ADDRESS);
    const message = await server.message(ADDRESS);

    assert.deepEqual(server.logins, [[USER, SMTP_PASSWORD]]);
    assert.ok(message.isSecure);
    const header = (name) => message.headerLines.filter(({ key }) => key === name).map(({ line }) => line.split(": ")[1]);
    assert.deepEqual(message.from.value, [{ name: "Café Example", address: "no-reply@example.com" }]);
    assert.deepEqual(header("to"), [ADDRESS]);
    assert.deepEqual(message.recipients, [ADDRESS]);
    assert.equal(message.subject, "Confirm your e-mail address for Café Example");
    assert.equal(header("date").length, 1);
    assert.ok(Math.abs(message.date - startedAt) < 20_000, message.date.toISOString());
    assert.equal(header("message-id").length, 1);
    assert.match(message.messageId, /^<[\w.-]+@example\.com>$/);
    assert.deepEqual(header("auto-submitted"), ["auto-generated"]);
    assert.equal(header("mime-version")[0], "1.0");
    assert.match(header("content-type")[0], /^multipart\/alternative/);

    const code = codeOf(message);
    assert.match(code, /^[0-9A-Z-]{8,9}$/);
    const link = `${PUBLIC_URL}/#verify-email=${code.replace("-", "")}`;
    for (const part of [message.text, message.html.replaceAll("&#x2f;", "/")]) {
      assert.ok(part.includes(code) && part.includes(link) && part.includes("Café Example"), part);
    }
    assert.equal((await service.request("GET", "/api/users/me", undefined, token)).body.emailVerified, false);
    const verified = await service.verify(message);
    assert.deepEqual([verified.status, verified.body], [200, { email: ADDRESS }]);
    assert.equal((await service.request("GET", "/api/users/me", undefined, token)).body.emailVerified, true);
    assert.deepEqual(await service.rows("SELECT * FROM outbox"), []);
    assert.deepEqual(await service.rows("SELECT email FROM users"), [{ email: ADDRESS }]);
    assert.ok(!service.log().includes(code) && !service.log().includes(ADDRESS), service.log());
  });

  test("message arrives over TLS from the start, and its code verifies the address", async (t) => {
    const authority = await createAuthority(await temporaryFolder(t));
    const server = await startMailServer(t, { ...(await authority.issue("localhost")), secure: true, auth: true });
    const service = await serviceOf(t, authority, `smtps://${CREDENTIALS}@localhost:${server.port}`);
    await service.signUp("ada", ADDRESS);
    const message = await server.message(ADDRESS);
    assert.deepEqual([message.isSecure, message.user, server.logins.length], [true, USER, 1]);
    assert.ok(!server.commands.some((command) => command.startsWith("STARTTLS")));
    assert.equal((await service.verify(message)).status, 200);
  });

  for (const secure of [false, true]) {
    const [scheme, where] = secure ? ["smtps", "TLS from the start"] : ["smtp", "STARTTLS"];
    for (const [what, reason] of [["of an unknown CA", /UnknownIssuer/], ["for another host", /not valid for name|NotValidForName/]]) {
      test(`server with a certificate ${what} gets no command over ${where}`, async (t) => {
        const folder = await temporaryFolder(t);
        const authority = await createAuthority(folder);
        const isUnknown = what === "of an unknown CA";
        const issuer = isUnknown ? await createAuthority(folder, "other-ca") : authority;
        const certificate = await issuer.issue(isUnknown ? "localhost" : "mail.example");
        const server = await startMailServer(t, { ...certificate, secure, auth: true });
        const service = await serviceOf(t, authority, `${scheme}://${CREDENTIALS}@localhost:${server.port}`);
        await failedMessage(service);
        assert.match(service.log(), reason);
        const commands = server.commands.map((command) => command.split(" ")[0]);
        assert.deepEqual([commands, server.logins, server.messages], [secure ? [] : ["EHLO", "STARTTLS"], [], []]);
      });
    }
  }

  test("replies that are sent before the TLS handshake stop the attempt", async (t) => {
    const authority = await createAuthority(await temporaryFolder(t));
    const { port, lines } = await startInjectingServer(t, await authority.issue("localhost"));
    const service = await serviceOf(t, authority, `smtp://localhost:${port}`);
    await service.signUp("ada", ADDRESS);
    await until("the attempt fails", () => service.log().includes("a message was not sent yet"));
    assert.deepEqual(lines, [], "nothing is sent over TLS");
    assert.deepEqual(await service.rows("SELECT attempts FROM outbox"), [{ attempts: 1 }]);
  });

  test("server without STARTTLS gets no password and no message", async (t) => {
    const server = await startMailServer(t, { auth: true, allowInsecureAuth: true });
    const service = await startService(t, { SMTP_URL: `smtp://${CREDENTIALS}@localhost:${server.port}` });
    await failedMessage(service);
    const commands = server.commands.map((command) => command.split(" ")[0]);
    assert.deepEqual(commands.filter((command) => command !== "QUIT"), ["EHLO"]);
    assert.deepEqual([server.logins, server.messages], [[], []]);
    assert.ok(service.log().includes("STARTTLS"), `the log names the reason: ${service.log()}`);
  });
});
