// Sign-in at the certified provider. Three replicas of the service share the requests of each sign-in.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { CLIENT, startProvider } from "./certified-provider.js";
import { hidesFromHistory } from "./links.js";
import { Person, scene } from "./person.js";
import { missingDatabase, startProxy, startReplicas } from "./replicas.js";
import { claimsOf } from "./service.js";

const MAX_MS = 1000;
const TIMEOUT_MS = 30_000;
/** A replica requests the keys of a provider at most every ten seconds. */
const KEYS_PAUSE_MS = 11_000;

const missing = await missingDatabase();
if (missing) test("three replicas with the certified provider", { skip: missing });
else await testReplicas();

async function testReplicas() {
  const proxy = await startProxy();
  const provider = await startProvider(proxy.address);
  await startReplicas(proxy, {
    OIDC_PROVIDERS: "acme",
    OIDC_ACME_ISSUER: provider.issuer,
    OIDC_ACME_CLIENT_ID: CLIENT.id,
    OIDC_ACME_CLIENT_SECRET: CLIENT.secret,
    OIDC_ACME_TITLE: "Acme",
  });
  const options = { address: proxy.address, visits: [provider.issuer] };
  for (const carrier of ["cookie", "bearer"]) testSignIn(proxy, provider, options, carrier);
  testOtherBrowser(proxy, options);
  for (const carrier of ["cookie", "bearer"]) testBackChannelLogout(proxy, provider, options, carrier);
  for (const carrier of ["cookie", "bearer"]) testSignOutAtProvider(proxy, options, carrier);
  testFreshSignIn(options);
  testRefusal(options);
  testKeyRotation(proxy, provider, options);
}

const newName = () => `grace-${randomBytes(5).toString("hex")}`;

/** Signs in with the button of the page. Without a name, the browser is already signed in at the provider. */
async function signsInAtProvider(person, { name, carrier = "bearer" } = {}) {
  const tabs = person.context.pages().length;
  await person.travelsBy(carrier);
  await person.at("#provider-buttons button").click();
  if (name) await answersProvider(person, name);
  await person.sees("#account-title", "Signed in as");
  await person.hasAllAnswers();
  assert.equal(person.context.pages().length, tabs, "there is a pop-up window");
}

async function answersProvider(person, name) {
  await person.at("[name=name]").fill(name);
  await person.page.getByText("Sign in", { exact: true }).click();
}

async function signsOut(person) {
  await person.at("#end .sign-out").click();
  await person.sees("#account-outcome[data-tone=good]", "Signed out.");
}

/** The session token, which is in a cookie that scripts cannot read, or in the storage of the page. */
const tokenOf = async (person) => (await person.token()) ?? (await person.cookie()).value;

/** Asks one replica whether it accepts the token. */
const verify = (replica, token) => fetch(`${replica}/api/verify`, { headers: { Authorization: `Bearer ${token}` } });

async function userOf({ replicas }, person) {
  const answer = await fetch(`${replicas[0]}/api/users/me`, { headers: { Authorization: `Bearer ${await tokenOf(person)}` } });
  assert.equal(answer.status, 200);
  return answer.json();
}

/** Waits until each replica rejects the token. Returns the time of each in the clock of `performance.now()`. */
function rejections({ replicas }, token) {
  const end = performance.now() + TIMEOUT_MS;
  return Promise.all(replicas.map(async (replica) => {
    while (performance.now() < end) {
      const { status } = await verify(replica, token);
      if (status === 401) return performance.now();
      assert.equal(status, 204);
      await pause(5);
    }
    assert.fail(`${replica} still accepts the token`);
  }));
}

function testSignIn(proxy, provider, options, carrier) {
  scene(`the replicas share the steps of a sign-in, ${carrier}`, options, async (ada) => {
    const name = newName();
    const before = proxy.steps.length;
    await signsInAtProvider(ada, { name, carrier });
    await ada.sees("#account-title", `Signed in as ${name}`);
    await ada.sees("#session-provider", "Acme");
    await ada.sees(".session.current .session-device", "with Acme");
    await ada.sees("#email-address", `${name}@example.com, verified.`);
    assert.equal(ada.page.url(), `${proxy.address}/`);
    await hidesFromHistory(ada, "code=");
    const steps = proxy.steps.slice(before);
    const paths = ["/api/oidc/acme/start", "/api/oidc/acme/callback", ...(carrier === "bearer" ? ["/api/sessions/exchange"] : [])];
    assert.deepEqual(steps.map(({ path }) => path), paths);
    assert.equal(new Set(steps.map(({ replica }) => replica)).size, paths.length, "a replica got two steps");

    const token = await tokenOf(ada);
    const sent = provider.requests.length;
    for (const replica of proxy.replicas) assert.equal((await verify(replica, token)).status, 204);
    assert.equal(provider.requests.length, sent, "a replica asked the provider about a session");
    assert.equal(claimsOf(token).idp, "acme");
    await ada.adds("Bread");
    assert.deepEqual(await ada.violations(), []);

    const { id } = await userOf(proxy, ada);
    await signsOut(ada);
    await signsInAtProvider(ada, { carrier });
    assert.equal((await userOf(proxy, ada)).id, id, "the same person is the same user");
    await ada.sees("#items", "Bread");
  });
}

function testOtherBrowser(proxy, options) {
  scene("the same person signs in in another browser", options, async (ada) => {
    const name = newName();
    await signsInAtProvider(ada, { name, carrier: "cookie" });
    const phone = await Person.arrive(options, ada);
    ada.devices.push(phone);
    await signsInAtProvider(phone, { name });
    assert.equal((await userOf(proxy, phone)).id, (await userOf(proxy, ada)).id);
    await phone.sees("#sessions-outcome", "2 sessions");
  });
}

function testBackChannelLogout(proxy, provider, options, carrier) {
  scene(`a sign-out at the provider ends the session on each replica, ${carrier}`, options, async (ada) => {
    const name = newName();
    await signsInAtProvider(ada, { name, carrier });
    const phone = await Person.arrive(options, ada);
    ada.devices.push(phone);
    await signsInAtProvider(phone, { name });
    const others = await tokenOf(phone);

    const rejected = rejections(proxy, await tokenOf(ada));
    const atProvider = await ada.context.newPage();
    await atProvider.goto(`${provider.issuer}/session/end`);
    await atProvider.getByText("Yes").click();
    await atProvider.getByText("Signed out").waitFor();
    assert.deepEqual(provider.errors, []);
    const took = (await rejected).map((at) => at - provider.logoutSentAt);
    console.log(`back-channel logout, ${carrier}: ${took.map((ms) => `${ms.toFixed(0)} ms`).join(", ")} until each replica rejects the token`);
    assert.ok(Math.max(...took) < MAX_MS);
    await ada.page.bringToFront();
    await ada.at("#refresh-sessions").click();
    await ada.sees("#token-problem-text", "The session ended when you signed out at the provider.");
    await ada.photograph(`signed out at the provider, ${carrier}`);
    // The other browser is still signed in at the provider.
    for (const replica of proxy.replicas) assert.equal((await verify(replica, others)).status, 204);
  });
}

function testSignOutAtProvider(proxy, options, carrier) {
  scene(`a sign-out here can end the session at the provider too, ${carrier}`, options, async (ada) => {
    const name = newName();
    await signsInAtProvider(ada, { name, carrier });
    const token = await tokenOf(ada);
    await ada.at("#sign-out-at-provider").click();
    await ada.page.getByText("Yes").click();
    await ada.page.waitForURL(`${proxy.address}/`);
    await ada.sees("#account-title", "Not signed in");
    await rejections(proxy, token);
    // The provider asks for the name again.
    await signsInAtProvider(ada, { name: newName(), carrier });
  });
}

function testFreshSignIn(options) {
  scene("a fresh sign-in asks a signed-in person again", options, async (ada) => {
    const name = newName();
    await signsInAtProvider(ada, { name });
    // The provider sends the time of the sign-in only if it is asked for a fresh one.
    const { auth_time: unknown, session_iat: before } = claimsOf(await ada.token());
    assert.equal(unknown, undefined);
    await ada.isRefused("**/api/users/me/password", { status: 403, code: "sign_in_too_old", detail: "Sign in again." });
    await ada.sends("#change-password", { newPassword: "six other quiet words here" });
    await pause(1000);
    await ada.at("#change-password .sign-in-again").click();
    await answersProvider(ada, name);
    await ada.sees("#account-title", `Signed in as ${name}`);
    await ada.hasAllAnswers();
    assert.ok(claimsOf(await ada.token()).auth_time > before, "the sign-in is not fresh");
  });
}

function testRefusal(options) {
  scene("an error of the provider is shown", options, async (ada) => {
    await ada.at("#provider-buttons button").click();
    await answersProvider(ada, "");
    await ada.sees("small", "Error 403: provider_denied, request");
  });
}

function testKeyRotation(proxy, provider, options) {
  scene("after a key rotation, the replicas read the new keys", options, async (ada) => {
    const name = newName();
    await signsInAtProvider(ada, { name });
    const { id } = await userOf(proxy, ada);
    await signsOut(ada);
    provider.rotateKeys();
    await pause(Math.max(0, provider.readAt + KEYS_PAUSE_MS - performance.now()));
    const reads = () => provider.requests.filter((path) => path === "/jwks").length;
    const before = reads();
    await signsInAtProvider(ada, { name });
    assert.equal(reads(), before + 1);
    assert.equal((await userOf(proxy, ada)).id, id);
  });
}
