// Three replicas of the service on one PostgreSQL database, behind a proxy that sends each request to the next replica.

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, request as send } from "node:http";
import { after } from "node:test";
import { psql } from "../mail/service.js";
import { startService } from "./service.js";

const { CI, TEST_POSTGRES_URL = "postgres://postgres@127.0.0.1:5432/postgres" } = process.env;
const REPLICAS = 3;
/** Longer than the pauses of a test, so that no client uses a connection that is being closed. */
const KEEP_ALIVE_MS = 60_000;

/** Returns why the replicas cannot be started, or null. Throws it in CI. */
export async function missingDatabase() {
  const error = await psql(TEST_POSTGRES_URL, "SELECT 1").then(() => null, (cause) => cause);
  if (error && CI) throw error;
  return error && "PostgreSQL is not reachable. Set TEST_POSTGRES_URL to its address.";
}

/** Creates a database that is dropped after the tests of the file. Returns its URL. */
async function createDatabase() {
  const name = `daypass_browser_${randomBytes(6).toString("hex")}`;
  await psql(TEST_POSTGRES_URL, `CREATE DATABASE ${name}`);
  after(() => psql(TEST_POSTGRES_URL, `DROP DATABASE ${name} WITH (FORCE)`));
  return Object.assign(new URL(TEST_POSTGRES_URL), { pathname: `/${name}` }).href;
}

/** Starts the proxy. Its address is known before the settings of the replicas. */
export async function startProxy() {
  const replicas = [];
  // `{path, replica}` of each request that is part of a sign-in.
  const steps = [];
  let requests = 0;
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (incoming, outgoing) => {
    const { pathname } = new URL(incoming.url, "http://localhost");
    const isStep = pathname.startsWith("/api/oidc/") || pathname === "/api/sessions/exchange";
    // Counted separately, so that the steps of a sign-in always reach different replicas.
    const replica = (isStep ? steps.length : requests++) % REPLICAS;
    if (isStep) steps.push({ path: pathname, replica });
    pass(incoming, outgoing, replicas[replica]);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = `http://localhost:${server.address().port}`;
  return { address, replicas, steps };
}

function pass(incoming, outgoing, replica) {
  const { method, url, headers } = incoming;
  const forwarded = send(replica + url, { method, headers }, (response) => {
    // These headers are about the connection to the replica.
    const { connection, "keep-alive": keepAlive, ...end } = response.headers;
    outgoing.writeHead(response.statusCode, end);
    response.pipe(outgoing);
  });
  forwarded.on("error", () => outgoing.destroy());
  incoming.pipe(forwarded);
}

/** Starts the replicas behind the proxy. */
export async function startReplicas({ address, replicas }, settings) {
  const DATABASE_URL = await createDatabase();
  const start = () => startService({ ...settings, DATABASE_URL, PUBLIC_URL: address });
  const started = await Promise.all(Array.from({ length: REPLICAS }, start));
  replicas.push(...started.map((service) => service.address));
}
