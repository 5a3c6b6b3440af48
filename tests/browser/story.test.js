// What a user of an application experiences in the first days: invitation, forgotten password, roles, and a night.

import assert from "node:assert/strict";
import { after } from "node:test";
import { startMailServer } from "../mail/mail-server.js";
import { scene } from "./person.js";
import { claimsOf, olderToken, startService } from "./service.js";

const PHONE = { width: 375, height: 740 };
const NIGHT = 9 * 3600;
const ADDRESS = "ada@example.org";
const NEW_PASSWORD = "six other quiet words here";

const mail = await startMailServer({ after });
const service = await startService({
  SIGN_UP: "invited",
  JWT_TTL: "15m",
  SESSION_MAX: "30d",
  MAILER: "smtp",
  MAIL_FROM: "Example <no-reply@example.com>",
  SMTP_URL: mail.url,
});
const { address } = service;

/** Opens the link of a message in a new tab. */
async function opensLink(person, { text }) {
  const [link] = text.match(/^http\S+$/m);
  person.page = await person.openTab(link);
}

scene("an invited person forgets the password, becomes an administrator and stays signed in", { address, viewport: PHONE, watches: true }, async (ada) => {
  ada.page = await ada.openTab(await service.run("invite", "create"));
  await ada.fills("#sign-up", { ...ada.credentials, email: ADDRESS });
  await ada.at("#sign-up button:not([type=button])").click();
  await ada.sees("#account-title", `Signed in as ${ada.username}`);
  await opensLink(ada, await mail.message(ADDRESS));
  await ada.at("#email-link-form .primary").click();
  await ada.sees("#email-link-outcome[data-tone=good]", `${ADDRESS} is verified.`);
  const forgotten = await ada.token();

  const other = await ada.signsInAtAnotherDevice({ address, viewport: PHONE, watches: true });
  await other.at("#end .sign-out").click();
  await other.at("#choose-sign-in-label").click();
  await other.at("#forgot").click();
  await other.fills("#forgot-password", { username: ADDRESS });
  await other.at("#forgot-password .primary").click();
  await opensLink(other, await mail.message(ADDRESS, { number: 2 }));
  await other.fills("#reset-password", { newPassword: NEW_PASSWORD });
  await other.at("#reset-password .primary").click();
  await other.sees("#account-title", `Signed in as ${ada.username}`);
  await ada.sees("#token-problem-text", "The session ended when the password was reset.");
  const { status } = await fetch(`${address}/api/verify`, { headers: { Authorization: `Bearer ${forgotten}` } });
  assert.equal(status, 401);

  await ada.returnsWith("");
  ada.credentials.password = NEW_PASSWORD;
  await ada.signsIn();
  for (const person of [ada, other]) await person.sees("#roles", "No roles");
  for (const [change, roles] of [["grant", "Roles: admin"], ["revoke", "No roles"]]) {
    await service.run("user", change, ada.username, "admin");
    const changed = performance.now();
    const token = change === "grant" ? await other.token() : await ada.token();
    await seenWithinASecond(token, change === "grant", changed);
    for (const person of [ada, other]) await person.sees("#roles", roles);
  }

  // The time of the sign-in stays: a session that began before the reset has ended.
  const { auth_time } = claimsOf(await ada.token());
  const sleeping = olderToken(await ada.token(), NIGHT, { auth_time });
  await ada.returnsWith(sleeping);
  await ada.sees("#account-title", `Signed in as ${ada.username}`);
  const morning = claimsOf(await ada.token());
  assert.equal(morning.sid, claimsOf(sleeping).sid);
  assert.ok(morning.exp > claimsOf(sleeping).exp + NIGHT - 60);
  assert.equal(await ada.page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0);
  await ada.photograph("the story on a phone");
});

/** Sends requests that need the role until the answer is the expected one. */
async function seenWithinASecond(token, isAdmin, since) {
  const verify = () => fetch(`${address}/api/verify?role=admin`, { headers: { Authorization: `Bearer ${token}` } });
  while ((await verify()).ok !== isAdmin) assert.ok(performance.now() - since < 1000, "the old roles are used after a second");
}
