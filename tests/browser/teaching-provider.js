// The service with the teaching provider (`daypass lesson oauth`), and a person at the form of the provider.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { freePort, startService } from "./service.js";

/** Starts both. `options` are those of a scene. */
export async function startLesson(settings = {}) {
  const [port, providerPort] = [await freePort(), await freePort()];
  const service = await startService({ ...settings, PORT: String(port) }, ["lesson", "oauth", "--provider-port", String(providerPort)]);
  const [address, provider] = [`http://localhost:${port}`, `http://127.0.0.1:${providerPort}`];
  return { ...service, address, provider, options: { address, visits: [provider] } };
}

export const newName = () => `grace-${randomBytes(5).toString("hex")}`;

/** Fills in the form of the provider and sends it. */
export async function answersProvider(person, { name, broken = "nothing", email }) {
  await person.sees("h1", "Sign in");
  await person.at("#name").fill(name);
  if (email) await person.at("#email").fill(email);
  await person.at(`[name=defect][value=${broken}]`).check();
  await person.at("[name=decision][value=allow]").click();
}

/** Goes to the provider with the button of the page, and answers there. */
export async function goesToProvider(person, answer) {
  await person.at("#provider-buttons button").click();
  await answersProvider(person, answer);
}

export async function signsInAtProvider(person, answer) {
  const tabs = person.context.pages().length;
  await goesToProvider(person, answer);
  await person.sees("#account-title", "Signed in as");
  await person.hasAllAnswers();
  assert.equal(person.context.pages().length, tabs, "there is a pop-up window");
}

/** The page with an error that the service shows to the browser. */
export async function seesError(person, status, code) {
  await person.sees("small", `Error ${status}: ${code}, request`);
}

export async function signsOut(person) {
  await person.at("#end .sign-out").click();
  await person.sees("#account-outcome[data-tone=good]", "Signed out.");
}

/** The user as the server sees the session of this page, and the cookies of the browser. */
export async function userOf(person) {
  return person.page.evaluate(async () => {
    const token = localStorage.getItem("daypass.token");
    const headers = token ? { Authorization: `Bearer ${token}` } : {};
    const answer = await fetch("/api/sessions/current", { headers });
    return answer.json();
  });
}
