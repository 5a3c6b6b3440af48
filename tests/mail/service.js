// A service with its own folder, database and settings. It stops after the test.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

const BINARY = process.env.DAYPASS_BINARY ?? fileURLToPath(new URL("../../target/debug/daypass", import.meta.url));
export const PUBLIC_URL = "https://accounts.example.com";
export const PASSWORD = "four quiet words here";

const QUERY = `import json, sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.row_factory = sqlite3.Row
print(json.dumps([dict(row) for row in database.execute(sys.argv[2])]))`;

/** Creates a folder that is deleted after the test. */
export async function temporaryFolder(t) {
  const folder = await mkdtemp(join(tmpdir(), "daypass-mail-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Returns the settings of a service that sends its messages to an SMTP server. A setting that is undefined is not set. */
function environment(folder, settings) {
  return {
    PATH: process.env.PATH,
    DATABASE_URL: `sqlite://${folder}/daypass.db?mode=rwc`,
    JWT_SECRET: "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    PORT: "0",
    RATE_LIMITS: "off",
    // Hashes of the lowest cost, because the tests are not about passwords.
    ARGON2: "m=8,t=1,p=1",
    MAILER: "smtp",
    MAIL_FROM: "Example <no-reply@example.com>",
    PUBLIC_URL,
    ...settings,
  };
}

/** Runs the service with settings that stop its start. Returns its exit status and its output. */
export async function failedStart(t, settings) {
  const folder = await temporaryFolder(t);
  const options = { cwd: folder, env: environment(folder, settings), timeout: 60_000 };
  return run(BINARY, [], options).then(
    () => assert.fail("the service starts and stops without an error"),
    ({ code, stdout, stderr }) => ({ status: code, output: stdout + stderr }),
  );
}

export async function startService(t, settings) {
  const folder = await temporaryFolder(t);
  const env = environment(folder, settings);
  const child = spawn(BINARY, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (part) => (output += part));
  const exit = once(child, "exit");
  /** Stops the service and returns its exit status. */
  const stop = async (signal = "SIGTERM") => {
    child.kill(signal);
    return (await exit)[0];
  };
  t.after(() => stop("SIGKILL"));
  const start = () => output.match(/ page +(http:\S+)\/\n/);
  await until("the service prints its address", () => start() || child.exitCode !== null, 60);
  const [, address] = start() ?? assert.fail(`the service does not start: ${output}`);

  const request = async (method, path, body, token) => {
    const response = await fetch(address + path, {
      method,
      headers: { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) },
      body: body && JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, body: text && JSON.parse(text) };
  };
  return {
    request,
    stop,
    /** Returns everything that the service has printed. */
    log: () => output,
    /** Returns the rows of a query. */
    rows: (query) => rows(env.DATABASE_URL, query),
    /** Signs a user up and returns the session token. */
    async signUp(username, email) {
      const { status, body } = await whenFree(() => request("POST", "/api/users", { username, password: PASSWORD, email }));
      assert.equal(status, 201, JSON.stringify(body));
      return body.sessionToken;
    },
    async changeEmail(email, token) {
      return whenFree(() => request("PUT", "/api/users/me/email", { email, currentPassword: PASSWORD }, token));
    },
    /** Verifies the address that a message was sent to. Returns the response. */
    async verify(message) {
      return request("POST", "/api/email-verifications", { code: codeOf(message) });
    },
  };
}

/** Repeats the request while all threads for hashing are busy. */
async function whenFree(request) {
  for (;;) {
    const answer = await request();
    if (answer.status !== 503) return answer;
    await pause(200);
  }
}

async function rows(database, query) {
  if (database.startsWith("postgres")) {
    const { stdout } = await psql(database, `SELECT coalesce(json_agg(r), '[]') FROM (${query}) r`);
    return JSON.parse(stdout);
  }
  const { stdout } = await run("python3", ["-c", QUERY, database.replace(/^sqlite:\/\/|\?.*$/g, ""), query]);
  return JSON.parse(stdout);
}

/** Runs SQL on a PostgreSQL database. */
export function psql(database, sql) {
  return run("psql", [database, "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql], { env: { PGCONNECT_TIMEOUT: "5", ...process.env } });
}

/** Waits until the condition returns a truthy value, and returns this value. */
export async function until(what, condition, seconds = 20) {
  const startedAt = performance.now();
  for (;;) {
    const value = await condition();
    if (value) return value;
    assert.ok(performance.now() - startedAt < seconds * 1000, `waited ${seconds} s: ${what}`);
    await pause(20);
  }
}

/** Returns the code in the plain text of a message. */
export function codeOf({ text }) {
  const [, code] = text.match(/(?:this code|this one):\n(\S+)(?:\n|$)/) ?? assert.fail(`no code: ${text}`);
  return code;
}
