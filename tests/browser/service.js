// A service with other settings than the one that all tests share: it has its own database, and its commands can be run.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

const BINARY = process.env.DAYPASS_BINARY ?? fileURLToPath(new URL("../../target/debug/daypass", import.meta.url));
const JWT_SECRET = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";

/** Starts a service with these settings. It stops after the tests of the file. `command` starts it in another way. */
export async function startService(settings, command = []) {
  const folder = await mkdtemp(join(tmpdir(), "daypass-"));
  const env = {
    PATH: process.env.PATH,
    DATABASE_URL: `sqlite://${folder}/daypass.db?mode=rwc`,
    JWT_SECRET,
    PORT: "0",
    RATE_LIMITS: "off",
    ...settings,
  };
  const service = spawn(BINARY, command, { cwd: folder, env, stdio: ["ignore", "pipe", "ignore"] });
  const exit = once(service, "exit");
  after(async () => {
    service.kill();
    await exit;
    await rm(folder, { recursive: true });
  });
  const address = await addressOf(service);
  return {
    address,
    folder,
    /** Runs a command of the operator and returns what it prints. */
    async run(...command) {
      const { stdout } = await run(BINARY, command, { cwd: folder, env: { ...env, PUBLIC_URL: address } });
      return stdout.trim();
    },
  };
}

/** Returns a port that no program uses at the moment. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Waits until the service prints the address of its page. */
async function addressOf(service) {
  let notice = "";
  for await (const part of service.stdout) {
    notice += part;
    const [, address] = notice.match(/ page +(http:\S+)\/\n/) ?? [];
    if (address) {
      // The service must be able to write more.
      service.stdout.resume();
      return address;
    }
  }
  assert.fail(`the service does not start: ${notice}`);
}

export const claimsOf = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));

/** A token of the same session that was issued this number of seconds earlier. Its session ends at the same time. */
export function olderToken(token, seconds, changes = {}) {
  const [header] = token.split(".");
  const { iat, exp, auth_time, ...rest } = claimsOf(token);
  const older = { ...rest, iat: iat - seconds, exp: exp - seconds, auth_time: auth_time - seconds, ...changes };
  const signed = `${header}.${Buffer.from(JSON.stringify(older)).toString("base64url")}`;
  return `${signed}.${createHmac("sha256", JWT_SECRET).update(signed).digest("base64url")}`;
}
