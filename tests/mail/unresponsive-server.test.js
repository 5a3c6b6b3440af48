// An SMTP server that accepts connections and never answers.

import assert from "node:assert/strict";
import { test } from "node:test";
import { startMailServer, startUnresponsiveServer } from "./mail-server.js";
import { PASSWORD, startService, until } from "./service.js";

const ROUNDS = 20;

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

test("server that never answers slows down no request and does not delay the stop", async (t) => {
  const unresponsive = await startUnresponsiveServer(t);
  const working = await startMailServer(t);
  const services = await Promise.all([unresponsive, working].map(({ url }) => startService(t, { SMTP_URL: url })));
  const tokens = await Promise.all(services.map((service) => service.signUp("ada")));
  await Promise.all(services.map((service, i) => service.signUp("grace", `grace@${i}.example`)));
  await until("the attempt starts", () => unresponsive.connections() > 0);
  const startedAt = performance.now();
  const [service] = services;
  const timedOut = until("the time-out is logged", () => service.log().includes("the SMTP server did not answer in time"), 75).then(
    () => (performance.now() - startedAt) / 1000,
    () => Infinity,
  );

  const requests = {
    "PUT /api/users/me/email": (service, token, round) => service.changeEmail(`ada-${round}@mail.example`, token),
    "POST /api/password-resets": (service) => service.request("POST", "/api/password-resets", { username: "ada" }),
    "POST /api/sessions": (service) => service.request("POST", "/api/sessions", { username: "ada", password: PASSWORD }),
  };
  for (const [name, request] of Object.entries(requests)) {
    const times = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, service] of services.entries()) {
        const before = performance.now();
        const { status } = await request(service, tokens[i], round);
        times[i].push(performance.now() - before);
        assert.equal(status, name.startsWith("POST /api/sessions") ? 201 : 202);
      }
    }
    const [slow, usual] = times.map(median);
    t.diagnostic(`${name}: median ${slow.toFixed(1)} ms, with a working server ${usual.toFixed(1)} ms`);
    assert.ok(slow < Math.max(250, 3 * usual), `${name}: ${slow} ms, with a working server ${usual} ms`);
  }

  const seconds = await timedOut;
  assert.ok(seconds > 55 && seconds < 75, `the time-out is after ${seconds} s`);
  const [grace] = await service.rows("SELECT attempts FROM outbox WHERE id = 1");
  assert.deepEqual(grace, { attempts: 1 });

  await until("another attempt starts", () => unresponsive.connections() > 1);
  const before = performance.now();
  assert.equal(await service.stop(), 0);
  const stopped = (performance.now() - before) / 1000;
  t.diagnostic(`stopped in ${stopped.toFixed(1)} s`);
  assert.ok(stopped < 10, `stopped after ${stopped} s`);
});
