import assert from "node:assert/strict";
import { scene } from "./person.js";
import { claimsOf, olderToken, startService } from "./service.js";

const RENEW = "/api/sessions/current/renew";
const NIGHT = 9 * 3600;
const MONTH = 30 * 86_400;

const service = await startService({ JWT_TTL: "15m", SESSION_MAX: "30d" });
const { address } = service;

/** Notes each request to the API. */
function note({ page }) {
  const requests = [];
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith("/api/")) requests.push(`${request.method()} ${pathname}`);
  });
  return requests;
}

const renewals = (requests) => requests.filter((request) => request === `POST ${RENEW}`).length;

/** The person comes back after this many seconds with the token that the page has stored. */
async function returnsAfter(person, seconds) {
  const token = olderToken(await person.token(), seconds);
  await person.returnsWith(token);
  return token;
}

/** The page uses another token of the same session, as if another tab had stored it. */
async function followsAnotherTab({ page }, token) {
  await page.evaluate((stored) => {
    localStorage.setItem("daypass.token", stored);
    dispatchEvent(new StorageEvent("storage", { key: "daypass.token" }));
  }, token);
}

/** Replaces the cookie with one whose token has expired. */
async function keepsOlderCookie(person, seconds) {
  const { name, value, domain, path, expires, httpOnly, secure, sameSite } = await person.cookie();
  const older = { name, value: olderToken(value, seconds), domain, path, expires, httpOnly, secure, sameSite };
  await person.context.addCookies([older]);
}

scene("the button renews the token", { address }, async (ada) => {
  await ada.signsUp();
  const before = claimsOf(await ada.token());
  assert.equal(before.session_exp - before.iat, MONTH);
  const shown = await ada.at("#lifetime-ends").textContent();
  await ada.page.waitForTimeout(1100);
  await ada.at("#token .renew").click();
  await ada.sees("#token .renew-outcome[data-tone=good]", /^Renewed\. The new token expires on .+\. The session ends on .+\.$/);
  const after = claimsOf(await ada.token());
  assert.ok(after.exp > before.exp && after.jti !== before.jti);
  assert.deepEqual([after.sid, after.session_exp], [before.sid, before.session_exp]);
  assert.notEqual(await ada.at("#lifetime-ends").textContent(), shown);
  await ada.sees(".part.claims .value", after.jti);
  await ada.sees("#sessions-outcome", "This is your only session.");
  await ada.photograph("renewed");
  await ada.at("#ask").click();
  await ada.sees("#result[data-tone=good]", "Valid");
});

scene("the button renews the token of a cookie", { address }, async (ada) => {
  await ada.signsUpByCookie();
  await ada.sees("#cookie dd", `at most ${MONTH} seconds`);
  const { value, expires } = await ada.cookie();
  assert.ok(Math.abs(expires - Date.now() / 1000 - MONTH) < 60);
  await ada.at("#cookie .renew").click();
  await ada.sees("#cookie .renew-outcome[data-tone=good]", "Renewed. The new token expires on");
  assert.notEqual((await ada.cookie()).value, value);
  assert.equal(await ada.token(), null);
  await ada.adds("Bread");
});

scene("a person is still signed in after a night", { address }, async (ada) => {
  await ada.signsUp();
  await ada.adds("Bread");
  const requests = note(ada);
  const old = await returnsAfter(ada, NIGHT);
  await ada.sees("#account-title", `Signed in as ${ada.username}`);
  await ada.sees("#items-outcome", "1 item shown.");
  assert.equal(renewals(requests), 1);
  const { sid, exp } = claimsOf(await ada.token());
  assert.equal(sid, claimsOf(old).sid);
  assert.ok(exp > Date.now() / 1000);
  await ada.seesNothingOf("#stamp");
  await ada.sees("[data-kind=rejected] .status", "401 expired");
  await ada.sees(".exchange", "Repeated with the renewed token.");
});

scene("a request with an expired token is repeated once, and nothing that was typed is lost", { address }, async (ada) => {
  await ada.signsUp();
  const requests = note(ada);
  let refused = 0;
  await ada.context.route("**/api/items", async (route) => {
    if (route.request().method() !== "POST" || refused > 0) return route.continue();
    refused += 1;
    await route.fulfill({
      status: 401,
      headers: { "Content-Type": "application/problem+json" },
      body: JSON.stringify({ status: 401, code: "expired", detail: "The token expired.", renewable: true }),
    });
  });
  await ada.adds("Bread");
  assert.equal(refused, 1);
  assert.deepEqual(requests, ["POST /api/items", `POST ${RENEW}`, "POST /api/items"]);
  assert.deepEqual(await ada.names(), ["Bread"]);
});

scene("a session that stays expired is reported after one renewal", { address }, async (ada) => {
  await ada.signsUp();
  const requests = note(ada);
  await ada.isRefused("**/api/verify", { status: 401, code: "expired", detail: "The token expired.", renewable: true });
  await ada.at("#ask").click();
  await ada.sees("#stamp", "rejected: expired");
  assert.deepEqual(requests, ["GET /api/verify", `POST ${RENEW}`, "GET /api/verify"]);
});

scene("the cookie of a person is renewed after a night", { address }, async (ada) => {
  await ada.signsUpByCookie();
  await ada.adds("Bread");
  await keepsOlderCookie(ada, NIGHT);
  const requests = note(ada);
  await ada.adds("Milk");
  assert.deepEqual(requests, ["POST /api/items", `POST ${RENEW}`, "POST /api/items"]);
  // Without the id of the session, the page asks whether there is a cookie.
  for (const clear of [() => {}, () => localStorage.clear()]) {
    await keepsOlderCookie(ada, NIGHT);
    await ada.page.evaluate(clear);
    await ada.page.reload();
    await ada.sees("#account-title", `Signed in as ${ada.username}`);
    await ada.sees("#items-outcome", "2 items shown.");
  }
  assert.equal(renewals(requests), 3);
});

scene("two tabs can renew the same token", { address }, async (ada) => {
  await ada.signsUp();
  const first = ada.page;
  const second = await ada.openTab();
  const old = olderToken(await ada.token(), NIGHT);
  await Promise.all([first, second].map((page) => page.evaluate((token) => localStorage.setItem("daypass.token", token), old)));
  await Promise.all([first, second].map((page) => page.reload()));
  for (const page of [first, second]) {
    await ada.turnsTo(page);
    await ada.sees("#account-title", `Signed in as ${ada.username}`);
    await ada.adds("Bread");
  }
});

scene("a tab that becomes visible renews an expired token", { address, watches: true }, async (ada) => {
  await ada.signsUp();
  await ada.hasAllAnswers();
  const requests = note(ada);
  await followsAnotherTab(ada, olderToken(await ada.token(), NIGHT));
  await ada.sees("#stamp", "expired");
  await ada.page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await ada.seesNothingOf("#stamp");
  assert.equal(renewals(requests), 1);
});

scene("a session that is over is not renewed", { address }, async (ada) => {
  await ada.signsUp();
  const requests = note(ada);
  const { session_exp, ...claims } = claimsOf(await ada.token());
  assert.ok(session_exp > claims.exp);
  await ada.returnsWith(olderToken(await ada.token(), NIGHT, { session_exp: claims.exp - NIGHT + 60 }));
  await ada.sees("#token-problem-text", "rejected: expired. The token has expired.");
  await ada.sees("#token-problem-text", "Sign in again.");
  assert.equal(renewals(requests), 0);
  await ada.at("#token .renew").click();
  await ada.sees("#token .renew-outcome[data-tone=bad]", "Sign in again.");
});

scene("sign-out with an expired token ends the session", { address }, async (ada) => {
  await ada.signsUp();
  const token = await ada.token();
  await followsAnotherTab(ada, olderToken(token, NIGHT));
  await ada.sees("#stamp", "expired");
  await ada.at("#end .sign-out").click();
  await ada.sees("#account-outcome[data-tone=good]", "Signed out. The server now rejects the token.");
  const answer = await fetch(`${address}/api/users/me`, { headers: { Authorization: `Bearer ${token}` } });
  assert.equal((await answer.json()).code, "revoked");
});

scene("a session that was ended elsewhere is not renewed", { address }, async (ada) => {
  await ada.signsUp();
  const headers = { Authorization: `Bearer ${await ada.token()}` };
  assert.equal((await fetch(`${address}/api/sessions/current`, { method: "DELETE", headers })).status, 204);
  await returnsAfter(ada, NIGHT);
  await ada.sees("#token-problem-text", "rejected: revoked");
  await ada.signsIn();
});

scene("without the server, an expired token is not lost", { address }, async (ada) => {
  await ada.signsUp();
  await ada.context.route(`**${RENEW}`, (route) => route.abort("connectionrefused"));
  const old = await returnsAfter(ada, NIGHT);
  await ada.sees("#token-problem-text", "does not respond");
  assert.equal(await ada.token(), old);
  await ada.context.unroute(`**${RENEW}`);
  await ada.at("#ask-again").click();
  await ada.sees("#account-title", `Signed in as ${ada.username}`);
});
