// Templates, and settings that stop the start.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { startMailServer } from "./mail-server.js";
import { failedStart, startService, temporaryFolder } from "./service.js";

const ADDRESS = "ada@mail.example";
const SECRET = "a-hidden-password";
const SMTP_URL = `smtps://ada:${SECRET}@mail.example`;

/** Creates a folder with the template of the plain text about a new password. */
async function templateFolder(t, text) {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, "password_reset.txt"), text);
  return folder;
}

/** Starts the service in production with these settings. Checks that it exits with status 2 and prints no secret. */
async function failure(t, settings) {
  const { status, output } = await failedStart(t, { DAYPASS_ENV: "production", ...settings });
  assert.equal(status, 2, output);
  assert.ok(!output.includes(SECRET), output);
  return output;
}

describe("settings", { concurrency: true }, () => {
  test("own template replaces only its file", async (t) => {
    const text = "Subject: {{ service }}: neues Passwort für {{ account }}\n\nDer Code:\n{{ code }}\n\nOder: {{ link }} ({{ url }})\n";
    const server = await startMailServer(t);
    const service = await startService(t, { SMTP_URL: server.url, MAIL_TEMPLATES: await templateFolder(t, text) });
    await service.signUp("ada", ADDRESS);
    const verification = await server.message(ADDRESS);
    assert.equal(verification.subject, "Confirm your e-mail address for Example");
    assert.equal((await service.verify(verification)).status, 200);
    await service.request("POST", "/api/password-resets", { username: "ada" });
    const message = await server.message(ADDRESS, { number: 2 });
    assert.equal(message.subject, 'Example: neues Passwort für the account "ada"');
    const [, code] = message.text.match(/^Der Code:\n(\S{22})\n\nOder: https:\/\/accounts\.example\.com\/#reset=\1 /);
    assert.match(message.html, /You can set a new password/);
    assert.ok(message.html.includes(code));
    const reset = await service.request("PUT", "/api/password-resets", { code, newPassword: "five other quiet words here" });
    assert.equal(reset.status, 200);
  });

  for (const [what, text, reason] of [
    ["an unknown variable", "Subject: x\n\n{{ code }} {{ cod }}\n", /undefined value/],
    ["a syntax error", "Subject: x\n\n{{ code }\n", /syntax error/],
    ["no code", "Subject: x\n\nHello\n", /must contain the code/],
    ["no subject", "Hello {{ code }}\n", /Subject/],
  ]) {
    test(`template with ${what} stops the start`, async (t) => {
      const { status, output } = await failedStart(t, { SMTP_URL, MAIL_TEMPLATES: await templateFolder(t, text) });
      assert.equal(status, 2, output);
      assert.match(output, reason);
      assert.match(output, /^error: MAIL_TEMPLATES: .*password_reset\.txt/m);
      assert.ok(!output.includes(SECRET), output);
    });
  }

  test("MAILER=log stops the start in production", async (t) => {
    assert.match(await failure(t, { MAILER: "log", SMTP_URL }), /^error: .*MAILER=log/m);
  });

  for (const setting of ["SMTP_URL", "MAIL_FROM", "PUBLIC_URL"]) {
    test(`MAILER=smtp without ${setting} stops the start in production`, async (t) => {
      assert.match(await failure(t, { SMTP_URL, [setting]: undefined }), new RegExp(`^error: .*${setting}`, "m"));
    });
  }

  for (const [what, url] of [
    ["a password without TLS", `smtp://ada:${SECRET}@mail.example?tls=none`],
    ["an unknown scheme", `http://ada:${SECRET}@mail.example`],
    ["an unknown option", `smtp://ada:${SECRET}@mail.example?tls=optional`],
    ["an invalid port", `smtps://ada:${SECRET}@mail.example:99999`],
    ["a path", `smtps://ada:${SECRET}@mail.example/inbox`],
  ]) {
    test(`SMTP_URL with ${what} stops the start and is not printed`, async (t) => {
      assert.match(await failure(t, { SMTP_URL: url }), /^error: .*SMTP_URL/m);
    });
  }
});
