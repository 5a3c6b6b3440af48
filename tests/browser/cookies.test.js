import assert from "node:assert/strict";
import { ORIGIN, elsewhere, scene } from "./person.js";

/** All that a script of the page could find a token in. */
const withinReach = ({ page }) => page.evaluate(() => JSON.stringify([
  document.cookie, { ...localStorage }, { ...sessionStorage }, document.documentElement.outerHTML,
  [...document.querySelectorAll("input, textarea")].map((field) => field.value),
]));

async function holdsNoTokenButInTheCookie(person) {
  const { value } = await person.cookie();
  const [, , signature] = value.split(".");
  assert.ok(signature.length > 40);
  assert.ok(!(await withinReach(person)).includes(signature), "a script can reach the token");
  assert.equal(await person.page.evaluate(() => document.cookie), "");
  assert.equal(await person.token(), null);
}

scene("the session cookie is for this host only and hidden from scripts", async (ada) => {
  const before = Date.now() / 1000;
  await ada.signsUpByCookie();
  const { name, httpOnly, secure, sameSite, path, domain, expires } = await ada.cookie();
  assert.deepEqual({ name, httpOnly, secure, sameSite, path, domain }, {
    name: "__Host-daypass",
    httpOnly: true,
    secure: true,
    sameSite: "Lax",
    path: "/",
    // With a dot before it, it would be for its subdomains too.
    domain: new URL(ORIGIN).hostname,
  });
  assert.ok(Math.abs(expires - before - 86_400) < 60, `it lives ${expires - before} seconds`);
  await holdsNoTokenButInTheCookie(ada);
  await ada.sees("#cookie dd", name);
  await ada.sees("#cookie dt", "HttpOnly");
  await ada.sees("#cookie dd", "86400 seconds");
  await ada.sees("#cookie-seen .member:first-child .value", '""');
  await ada.sees("#stored-cookie-hint", "This page has no token.");
  await ada.seesNothingOf("#token");
  await ada.photograph("signed in by cookie");
});

scene("a cookie session persists after a reload", async (ada) => {
  await ada.signsUpByCookie();
  await ada.page.reload();
  await ada.sees("#account-title", `Signed in as ${ada.username}`);
  await ada.sees("#account-title", ada.username);
  await ada.sees(".exchange", "GET /api/sessions/current");
  await holdsNoTokenButInTheCookie(ada);
});

scene("a cookie that the page has not stored is found by asking the server", async (ada) => {
  await ada.signsUpByCookie();
  await ada.page.evaluate(() => localStorage.clear());
  await ada.page.reload();
  await ada.sees("#account-title", `Signed in as ${ada.username}`);
  await ada.sees("#account-title", ada.username);
});

scene("every panel works with a cookie session", async (ada) => {
  const authorization = [];
  ada.page.on("request", (request) => authorization.push(request.headers().authorization));
  await ada.signsUpByCookie();
  await ada.adds("Bread");
  await ada.item("Bread").locator(".edit").click();
  await ada.at(".item-edit input").fill("Rye bread");
  await ada.page.keyboard.press("Enter");
  await ada.sees("#items-outcome", "Renamed to Rye bread.");
  await ada.logs({ description: "row 2 km", definition: "Time", result: "7:42" });
  await ada.at("#ask").click();
  await ada.sees("#result[data-tone=good]", "Valid");
  for (const beyondReach of ["#tamper-claims", "#copy-token", "#another-token", "#end .delete-token"]) await ada.seesNothingOf(beyondReach);

  await elsewhere("POST", "/api/sessions", { body: ada.credentials, userAgent: "curl/8.14.1" });
  await ada.at("#refresh-sessions").click();
  await ada.sees("#sessions-outcome", "2 sessions, newest first.");
  await ada.at("#end-others").click();
  await ada.sees("#sessions-outcome", "Ended 1 other session.");

  const { value } = await ada.cookie();
  await ada.sends("#change-password", { currentPassword: ada.password, newPassword: "four other words here" });
  await ada.sees("#password-outcome", "Your password is changed.");
  assert.notEqual((await ada.cookie()).value, value);
  await holdsNoTokenButInTheCookie(ada);
  await ada.sends("#rename-user", { username: `${ada.username}-lovelace` });
  await ada.sees("#account-title", `Signed in as ${ada.username}-lovelace`);

  await ada.at("#begin-deletion").click();
  await ada.sends("#delete-account", { currentPassword: "four other words here" });
  await ada.sees("#account-outcome", "is deleted");
  assert.equal(await ada.cookie(), undefined);
  assert.deepEqual(authorization.filter(Boolean), []);
});

scene("sign-out deletes the cookie and revokes its token", async (ada) => {
  await ada.signsUpByCookie();
  const { value } = await ada.cookie();
  await ada.at("#end .sign-out").click();
  await ada.sees("#account-outcome[data-tone=good]", "deleted the cookie");
  await ada.sees("#ended-token", "The cookie is deleted.");
  await ada.at("#ask-ended").click();
  await ada.sees("#ended-result", "Rejected: 401 no_token");
  await ada.at("#sign-in-username").focus();
  await ada.hasFocusOn("#sign-in-username");
  assert.equal(await ada.cookie(), undefined);
  await assert.rejects(elsewhere("GET", "/api/users/me", { token: value }), /401/);
  await ada.page.reload();
  await ada.sees("#credentials");
  await ada.signsIn();
  assert.equal(await ada.cookie(), undefined);
  assert.notEqual(await ada.token(), null);
});

scene("signing out everywhere deletes the cookie", async (ada) => {
  await ada.signsUpByCookie();
  await ada.at("#sign-out-everywhere").click();
  await ada.sees("#account-outcome", "Signed out everywhere: 1 session has ended.");
  assert.equal(await ada.cookie(), undefined);
});

scene("a sign-out that could not reach the server is repeated at the next visit", async (ada) => {
  await ada.signsUpByCookie();
  const { value } = await ada.cookie();
  await ada.losesTheServer();
  await ada.at("#end .sign-out").click();
  await ada.sees("#account-outcome[data-tone=bad]", "Only the server can delete the cookie");
  await ada.hasFocusOn("#sign-in-username");
  await ada.photograph("signed out by cookie, server unreachable");
  // Not even the page may use it meanwhile.
  await ada.page.reload();
  await ada.sees("#credentials");
  assert.equal((await ada.cookie()).value, value);

  await ada.findsTheServerAgain();
  const told = ada.page.waitForResponse((response) => response.request().method() === "DELETE");
  await ada.page.reload();
  assert.equal((await told).status(), 204);
  await ada.sees("#credentials");
  assert.equal(await ada.cookie(), undefined);
  await assert.rejects(elsewhere("GET", "/api/users/me", { token: value }), /401/);
});

scene("after an unconfirmed sign-out the counter starts a new session", async (ada) => {
  await ada.signsUpByCookie();
  await ada.countsTo(1);
  await ada.countsTo(2);
  await ada.losesTheServer();
  await ada.at("#end .sign-out").click();
  await ada.sees("#account-outcome[data-tone=bad]", "Only the server can delete the cookie");
  await ada.at("#count").click();
  await ada.sees("#variables-outcome[data-tone=bad]", "does not respond");
  await ada.findsTheServerAgain();
  await ada.countsTo(1);
  await ada.sees("#variables-whose", "an anonymous session");
});

scene("a pending sign-out does not delete the cookie of the next sign-in", async (ada) => {
  await ada.signsUpByCookie();
  await ada.page.route("**/api/sessions/current", async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 700));
    await route.continue();
  });
  await ada.at("#end .sign-out").click();
  await ada.sees("#account-outcome", "Waiting for the server.");
  await ada.signsIn();
  await ada.sees("#account-title", ada.username);
  assert.ok(await ada.cookie());
  await ada.adds("Bread");
});

scene("a cookie session that ended elsewhere is reported, and its cookie is deleted", async (ada) => {
  await ada.signsUpByCookie();
  const { value } = await ada.cookie();
  await elsewhere("DELETE", "/api/sessions", { token: value });
  await ada.sends("#add-item", { name: "Bread" });
  await ada.sees("#token-problem-text", "The session cookie was rejected: revoked. The cookie was deleted.");
  await ada.photograph("cookie refused");
  assert.equal(await ada.cookie(), undefined);
  await ada.page.reload();
  await ada.sees("#credentials");
  await ada.seesNothingOf("#token-problem");
});

scene("a password change on another device deletes the cookie here", async (ada) => {
  await ada.signsUpByCookie();
  const laptop = await ada.signsInAtAnotherDevice();
  await laptop.sends("#change-password", { currentPassword: ada.password, newPassword: "four other words here" });
  await laptop.sees("#password-outcome[data-tone=good]", "All other sessions have ended");
  await ada.sends("#add-item", { name: "Bread" });
  await ada.sees("#token-problem-text", "The cookie was deleted.");
  assert.equal(await ada.cookie(), undefined);
  await ada.page.reload();
  await ada.sees("#credentials");
  await ada.countsTo(1);
});

scene("two tabs with one cookie show the same session", async (ada) => {
  const first = ada.page;
  const second = await ada.openTab();
  await ada.turnsTo(first);
  await ada.signsUpByCookie();
  await ada.turnsTo(second);
  await ada.sees("#account-title", `Signed in as ${ada.username}`);
  await ada.sees("#account-title", ada.username);
  await ada.at("#end .sign-out").click();
  await ada.sees("#account-outcome", "Signed out.");
  await ada.turnsTo(first);
  await ada.sees("#account-outcome", "Signed out in another tab.");
  await ada.seesNothingOf("#cookie");
});

scene("the transport can be chosen with the keyboard alone", async (ada) => {
  await ada.tabsTo("#session-options [value=bearer]");
  await ada.page.keyboard.press("ArrowDown");
  await ada.hasFocusOn("#session-options [value=cookie]:checked");
  await ada.tabsTo("#sign-up-username");
  await ada.page.keyboard.type(ada.username);
  await ada.tabsTo("#sign-up-password");
  await ada.page.keyboard.type(ada.password);
  await ada.page.keyboard.press("Enter");
  await ada.sees("#account-title", ada.username);
  await ada.tabsTo("#refresh-cookie");
  await ada.page.keyboard.press("Enter");
  await ada.sees("#cookie-seen dt", "document.cookie");
});
