// Two replicas that send the messages of one PostgreSQL database.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { startMailServer } from "./mail-server.js";
import { psql, startService, until } from "./service.js";

const { CI, TEST_POSTGRES_URL = "postgres://postgres@127.0.0.1:5432/postgres" } = process.env;
const USERS = Array.from({ length: 40 }, (_, i) => ({ username: `ada-${i}`, address: `ada-${i}@mail.example` }));
/** The maximum number of messages that a replica sends at the same time. */
const CONCURRENT = 8;

/** Creates a database that is dropped after the test. Returns its URL. */
async function createDatabase(t) {
  const name = `daypass_mail_${randomBytes(6).toString("hex")}`;
  await psql(TEST_POSTGRES_URL, `CREATE DATABASE ${name}`);
  t.after(() => psql(TEST_POSTGRES_URL, `DROP DATABASE ${name} WITH (FORCE)`));
  return Object.assign(new URL(TEST_POSTGRES_URL), { pathname: `/${name}` }).href;
}

/** Returns an error if the server cannot be reached. */
const unreachable = () => psql(TEST_POSTGRES_URL, "SELECT 1").then(() => null, (error) => error);

const outbox = (service) => service.rows("SELECT id, content, attempts, next_attempt_at FROM outbox ORDER BY id");

test("two replicas send each message once, and lose none if one of them is killed", async (t) => {
  const error = await unreachable();
  if (error && CI) throw error;
  if (error) return t.skip("PostgreSQL is not reachable. Set TEST_POSTGRES_URL to its address.");

  let accepted = Promise.resolve();
  const waiting = new Set();
  const server = await startMailServer(t, {
    async onRcptTo({ address }, _session, callback) {
      waiting.add(address);
      await accepted;
      callback();
    },
  });
  const settings = { DATABASE_URL: await createDatabase(t), SMTP_URL: server.url };
  const replicas = await Promise.all([startService(t, settings), startService(t, settings)]);
  const isEmpty = async () => (await outbox(replicas[0])).length === 0;
  /** Asserts that each user has this number of messages. */
  const assertEach = (number) => {
    for (const { address } of USERS) assert.equal(server.to(address).length, number, address);
    assert.equal(server.messages.length, number * USERS.length);
  };
  const requestResets = () =>
    Promise.all(USERS.map(async ({ username }, i) => {
      const { status } = await replicas[i % 2].request("POST", "/api/password-resets", { username });
      assert.equal(status, 202);
    }));

  await t.test("verification messages arrive once", async () => {
    await Promise.all([0, 1].map(async (i) => {
      for (const { username, address } of USERS.filter((_, user) => user % 2 === i)) await replicas[i].signUp(username, address);
    }));
    await until("all messages arrive", isEmpty, 30);
    assertEach(1);
    for (const message of server.messages) assert.equal((await replicas[0].verify(message)).status, 200);
  });

  await t.test("messages that are due at the same time arrive once", async () => {
    await requestResets();
    await until("all messages arrive", isEmpty, 30);
    assertEach(2);
    assert.deepEqual(await replicas[0].rows("SELECT count(*) FROM one_time_codes WHERE purpose = 'reset-password'"), [{ count: 40 }]);
  });

  await t.test("messages of a killed replica stay in the outbox, and arrive when their lease ends", async () => {
    waiting.clear();
    let accept;
    accepted = new Promise((resolve) => (accept = resolve));
    await requestResets();
    await until("both replicas are sending", () => waiting.size === 2 * CONCURRENT);
    const claimed = (await outbox(replicas[0])).filter(({ attempts }) => attempts === 1);
    assert.equal(claimed.length, 2 * CONCURRENT);
    await replicas[0].stop("SIGKILL");
    accept();
    const [, other] = replicas;
    const unclaimed = async () => (await outbox(other)).filter(({ attempts }) => attempts === 0);
    await until("the other replica sends the rest", async () => (await unclaimed()).length === 0, 30);
    const left = await until("only messages of the killed replica are left", async () => {
      const rows = await outbox(other);
      return rows.length <= CONCURRENT && rows;
    });
    assert.equal(left.length, CONCURRENT);
    for (const row of left) {
      assert.equal(row.attempts, 1);
      assert.ok(row.next_attempt_at > Date.now() + 200_000, "the lease is 5 minutes");
      assert.ok(claimed.some(({ id }) => id === row.id));
    }
    const missing = USERS.filter(({ address }) => server.to(address).length === 2).map(({ username }) => username);
    const inOutbox = left.map(({ content }) => JSON.parse(content)).map(({ username }) => username);
    assert.deepEqual(missing.toSorted(), inOutbox.toSorted());
    assert.equal(server.messages.length, 3 * USERS.length - CONCURRENT);

    await psql(settings.DATABASE_URL, `UPDATE outbox SET next_attempt_at = ${Date.now()}`);
    await until("the messages arrive", async () => (await outbox(other)).length === 0);
    assertEach(3);
  });
});
