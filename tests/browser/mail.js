// The messages that a service with MAILER_TO_FOLDER writes as files.

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const FOLDER = "mail";
const TIMEOUT_MS = 15_000;

/** A setting of `startService`. The service writes each message into its own folder. */
export const MAILER_TO_FOLDER = { MAILER: `file:${FOLDER}` };

/** Returns a function that waits for the next message to an address, `{subject, text, link, code}`. */
export function messagesOf({ folder }) {
  const read = new Set();
  return async (address) => {
    for (const end = Date.now() + TIMEOUT_MS; Date.now() < end; await pause(50)) {
      for (const [name, message] of await unread(join(folder, FOLDER), read)) {
        if (message.to !== address) continue;
        read.add(name);
        return message;
      }
    }
    assert.fail(`no message to ${address}`);
  };
}

async function unread(folder, read) {
  // The service creates the folder.
  const names = await readdir(folder).catch(() => []);
  const files = names.filter((name) => name.endsWith(".eml") && !read.has(name)).sort();
  return Promise.all(files.map(async (name) => [name, parse(await readFile(join(folder, name), "utf8"))]));
}

function parse(message) {
  const header = (name) => message.match(new RegExp(`^${name}: (.*)\r?$`, "m"))[1].trim();
  const [, encoded] = message.match(/^Content-Type: text\/plain[^]*?\r?\n\r?\n([^]*?)\r?\n--/m);
  const text = decoded(encoded);
  const [link, , code] = text.match(/http\S+#([\w-]+)=([\w-]+)/);
  return { to: header("To"), subject: header("Subject"), text, link, code };
}

/** Decodes quoted-printable. */
function decoded(text) {
  const bytes = text.replace(/=\r?\n/g, "").replace(/=([\dA-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString();
}

/** Signs the person up with an address, and confirms it with the code of the message. Returns the address. */
export async function signsUpWithEmail(person, nextMessage) {
  const email = `${person.username}@example.com`;
  await person.sends("#sign-up", { ...person.credentials, email });
  await person.sees("#account-title", `Signed in as ${person.username}`);
  await person.hasAllAnswers();
  const { code } = await nextMessage(email);
  await person.sends("#confirm-email", { code });
  await person.sees("#email-address", `${email}, verified.`);
  return email;
}
