// Addresses and names with characters that have a meaning in SMTP or in the headers of a message.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startMailServer } from "./mail-server.js";
import { PASSWORD, startService, until } from "./service.js";

const BREAKS = [
  "ada@mail.example\r\nBcc: eve@evil.example",
  "ada@mail.example\nBcc: eve@evil.example",
  "ada@mail.example\rBcc: eve@evil.example",
  "ada\r\n@mail.example",
  '"ada\r\nBcc: eve@evil.example\r\n"@mail.example',
  '"ada\\\r\n"@mail.example',
  "ada@mail.example>\r\nRCPT TO:<eve@evil.example",
  "ada@mail.example\u0000",
  "ada@mail\u2028.example",
];
const RECIPIENTS = [
  "ada@mail.example, eve@evil.example",
  "ada@mail.example>, <eve@evil.example",
  "Eve <eve@evil.example>",
  "ada@mail.example eve@evil.example",
];

async function start(t) {
  const server = await startMailServer(t);
  return { server, service: await startService(t, { SMTP_URL: server.url }) };
}

describe("addresses", { concurrency: true }, () => {
  test("address or name with a line break is rejected, and no message is sent", async (t) => {
    const { server, service } = await start(t);
    const token = await service.signUp("ada");
    const assertRejected = ({ status, body }, pointer) => {
      assert.deepEqual([status, body.code], [422, "invalid_fields"]);
      assert.deepEqual(body.errors.map((error) => error.pointer), [pointer]);
    };
    for (const email of [...BREAKS, ...RECIPIENTS]) {
      assertRejected(await service.request("POST", "/api/users", { username: "grace", password: PASSWORD, email }), "/email");
      assertRejected(await service.changeEmail(email, token), "/email");
      assertRejected(await service.request("POST", "/api/password-resets", { email }), "/email");
    }
    for (const username of ["grace\r\nBcc: eve@evil.example", "grace\nhopper", "grace\rhopper", "grace\u2028hopper"]) {
      const body = { username, password: PASSWORD, email: "grace@mail.example" };
      assertRejected(await service.request("POST", "/api/users", body), "/username");
    }
    assert.deepEqual(await service.rows("SELECT id FROM outbox"), []);
    assert.deepEqual(await service.rows("SELECT username FROM users"), [{ username: "ada" }]);
    await service.signUp("hedy", "hedy@mail.example");
    await server.message("hedy@mail.example");
    assert.equal(server.messages.length, 1);
  });

  test("international domain is sent in its ASCII form", async (t) => {
    const { server, service } = await start(t);
    await service.signUp("ada", "ada@bücher.example");
    await until("the message arrives", () => server.messages.length === 1);
    const [command] = server.commands.filter((command) => command.startsWith("RCPT"));
    assert.match(command, /^RCPT TO:<ada@xn--bcher-kva\.example>/);
    const [{ line }] = server.messages[0].headerLines.filter(({ key }) => key === "to");
    assert.equal(line, "To: ada@xn--bcher-kva.example");
    assert.equal((await service.verify(server.messages[0])).body.email, "ada@xn--bcher-kva.example");
  });

  test("local part in quotes is one recipient", async (t) => {
    const { server, service } = await start(t);
    const address = '"ada,eve"@mail.example';
    await service.signUp("ada", address);
    const message = await until("the message arrives", () => server.messages[0], 10);
    assert.deepEqual(server.commands.filter((command) => command.startsWith("RCPT")), [`RCPT TO:<${address}>`]);
    assert.equal(message.to.value.length, 1, message.to.text);
  });

  test("username that could be read as a link is left out of the message", async (t) => {
    const { server, service } = await start(t);
    await service.signUp("https://evil.example/now", "ada@mail.example");
    const { text, html } = await server.message("ada@mail.example");
    for (const part of [text, html]) assert.ok(part.includes("your account") && !part.includes("evil.example"), part);
  });
});
