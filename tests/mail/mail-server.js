// An SMTP server that stores the messages and the commands that it receives.

import { once } from "node:events";
import { createServer } from "node:net";
import { simpleParser } from "mailparser";
import { SMTPServer } from "smtp-server";
import { until } from "./service.js";

export const USER = "ada@mail.example";
export const SMTP_PASSWORD = "p@ss/word:1";
/** The user and the password, as they are written in SMTP_URL. */
export const CREDENTIALS = [USER, SMTP_PASSWORD].map(encodeURIComponent).join(":");

/**
 * Starts a server that closes after the test. Without `key`, it does not offer STARTTLS. Without `auth`, it does not
 * offer AUTH. With `closesDuringData`, it closes the first connection while it receives the message. The other options
 * are those of smtp-server.
 */
export async function startMailServer(t, { port = 0, auth = false, closesDuringData = false, ...options } = {}) {
  const commands = [];
  const logins = [];
  const messages = [];
  const disabledCommands = [...(options.key && !options.secure ? [] : ["STARTTLS"]), ...(auth ? [] : ["AUTH"])];
  let closed = 0;
  const disconnect = ({ id }) => [...server.connections].find((connection) => connection.id === id).close();
  const server = new SMTPServer({
    disabledCommands,
    disableReverseLookup: true,
    closeTimeout: 100,
    logger: { debug: ({ tnx }, _, line) => tnx === "command" && commands.push(line), info() {}, error() {} },
    onAuth({ username, password }, _, callback) {
      logins.push([username, password]);
      const isCorrect = username === USER && password === SMTP_PASSWORD;
      callback(null, isCorrect ? { user: username } : { message: `Login of ${username} failed: strange words` });
    },
    async onData(stream, session, callback) {
      if (closesDuringData && closed++ === 0) {
        stream.resume();
        return disconnect(session);
      }
      const message = await simpleParser(stream);
      const recipients = session.envelope.rcptTo.map(({ address }) => address);
      messages.push({ ...message, recipients, isSecure: session.secure, user: session.user });
      callback();
    },
    ...options,
  });
  // A client that rejects the certificate of the server causes an error here.
  server.on("error", () => {});
  server.listen(port, "127.0.0.1");
  await once(server.server, "listening");
  t.after(() => new Promise((resolve) => server.close(resolve)));
  const to = (address) => messages.filter(({ recipients }) => recipients.includes(address));
  return {
    port: server.server.address().port,
    url: `smtp://localhost:${server.server.address().port}?tls=none`,
    commands,
    logins,
    messages,
    /** Returns the messages to an address. */
    to,
    /** Waits for message `number` to an address. */
    message: (address, { number = 1, seconds = 20 } = {}) =>
      until(`message ${number} to ${address} arrives`, () => to(address)[number - 1], seconds),
  };
}

/** Returns an error that makes the server answer with this code. */
export const answer = (responseCode, words) => Object.assign(new Error(words), { responseCode });

/** Starts a server that accepts connections and never answers. */
export async function startUnresponsiveServer(t) {
  const sockets = new Set();
  const server = createServer((socket) => sockets.add(socket.on("error", () => {}))).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { url: `smtp://localhost:${server.address().port}?tls=none`, connections: () => sockets.size };
}

/** Returns a port on which no server listens. */
export async function closedPort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
