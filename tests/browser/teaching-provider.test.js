// Sign-in at the teaching provider, through the page.

import assert from "node:assert/strict";
import { PHONE, fitsTheScreen, hidesFromHistory } from "./links.js";
import { scene } from "./person.js";
import { claimsOf } from "./service.js";
import { answersProvider, goesToProvider, newName, seesError, signsInAtProvider, signsOut, startLesson, userOf } from "./teaching-provider.js";

const TITLE = "the teaching provider";

const { options } = await startLesson();

for (const carrier of ["bearer", "cookie"]) {
  scene(`a person signs in at a provider, ${carrier}`, options, async (ada) => {
    const name = newName();
    const codes = [];
    ada.page.on("framenavigated", (frame) => codes.push(...(frame.url().match(/(?<=[#&?]code=)[^&]+/g) ?? [])));
    await ada.travelsBy(carrier);
    await ada.sees("#provider-buttons button", `Sign in with ${TITLE}`);
    await signsInAtProvider(ada, { name, email: `${name}@example.com` });
    await ada.sees("#account-title", `Signed in as ${name}`);
    await ada.sees("#session-provider", TITLE);
    await ada.sees(".session.current .session-device", `with ${TITLE}`);
    await ada.sees("#email-address", `${name}@example.com, verified.`);
    await ada.sees("#identities", TITLE);
    assert.equal(ada.page.url(), `${options.address}/`);
    for (const code of codes) await hidesFromHistory(ada, code);
    assert.equal((await ada.cookie()) !== undefined, carrier === "cookie");
    assert.equal((await ada.token()) !== null, carrier === "bearer");
    await ada.adds("Bread");
    assert.deepEqual(await ada.violations(), []);
    await ada.photograph(`signed in at a provider by ${carrier}`);
    const { user, session } = await userOf(ada);
    assert.deepEqual({ provider: session.provider, hasPassword: user.hasPassword }, { provider: "lesson", hasPassword: false });

    await ada.page.reload();
    await ada.sees("#account-title", `Signed in as ${name}`);
    await signsOut(ada);
    await ada.seesNothingOf("#signed-in-with");
    await signsInAtProvider(ada, { name });
    assert.equal((await userOf(ada)).user.id, user.id, "the same person is the same user");
    await ada.sees("#items", "Bread");
  });
}

scene("the token panel explains the claims of a provider", options, async (ada) => {
  await signsInAtProvider(ada, { name: newName() });
  const { idp, amr } = claimsOf(await ada.token());
  assert.deepEqual({ idp, amr }, { idp: "lesson", amr: ["fed"] });
  for (const name of ["idp", "amr", "auth_time"]) {
    const member = ada.at(".part.claims .member").filter({ has: ada.page.getByText(name, { exact: true }) });
    assert.doesNotMatch(await member.locator(".explanation").textContent(), /Not used/);
  }
});

scene("the code of a sign-in is masked, and works only once", options, async (ada) => {
  const posted = ada.page.waitForRequest((request) => request.url().endsWith("/api/sessions/exchange"));
  await signsInAtProvider(ada, { name: newName() });
  const { code } = (await posted).postDataJSON();
  assert.match(await ada.page.content(), /"code": "•••"/);
  assert.ok(!(await ada.page.content()).includes(code));
  await signsOut(ada);
  for (const wrong of [code, "wrong"]) {
    const tab = await ada.openTab(`${options.address}/#code=${wrong}`);
    await ada.turnsTo(tab);
    await ada.sees("#account-outcome[data-tone=bad]", "It was completed before, took too long, or was started in another browser.");
    await ada.sees("#account-title", "Not signed in");
    await hidesFromHistory(ada, wrong);
  }
  await ada.photograph("failed exchange");
});

scene("a wrong code does not end the session of the page", options, async (ada) => {
  await ada.signsUp();
  const tab = await ada.openTab(`${options.address}/#code=wrong`);
  await ada.turnsTo(tab);
  await ada.sees("#account-outcome[data-tone=bad]", "The sign-in was not completed.");
  await ada.sees("#account-title", `Signed in as ${ada.username}`);
  await ada.page.evaluate(() => { location.hash = "#code=other"; });
  await ada.page.waitForURL(`${options.address}/`);
  await ada.sees("#account-title", `Signed in as ${ada.username}`);
});

scene("a person who refuses is not signed in", options, async (ada) => {
  await ada.at("#provider-buttons button").click();
  await ada.at("[name=decision][value=deny]").click();
  await seesError(ada, 403, "provider_denied");
  await ada.photograph("provider denied");
  await ada.page.getByText("Back").click();
  await ada.sees("#account-title", "Not signed in");
});

for (const [broken, status, code, step] of [
  ["state", 400, "flow_invalid"],
  ["iss", 400, "flow_invalid"],
  ["code-challenge", 502, "provider_failed", "exchanging the code failed"],
  ["nonce", 502, "provider_failed", "checking the ID token failed"],
  ["audience", 502, "provider_failed", "checking the ID token failed"],
  ["expired", 502, "provider_failed", "checking the ID token failed"],
  ["signature", 502, "provider_failed", "checking the ID token failed"],
  ["alg-none", 502, "provider_failed", "checking the ID token failed"],
]) {
  scene(`a broken sign-in is refused: ${broken}`, options, async (ada) => {
    const name = newName();
    await goesToProvider(ada, { name, broken });
    await seesError(ada, status, code);
    if (step) await ada.sees("p", step);
    await ada.page.getByText("Back").click();
    await ada.sees("#account-title", "Not signed in");
    // The lesson shows the same result.
    await ada.sees("#lesson-defects", `${status} ${code}${step ? `: ${step}` : ""}`);
    await signsInAtProvider(ada, { name });
  });
}

scene("the lesson explains each step, on a phone", { ...options, viewport: PHONE }, async (ada) => {
  await ada.sees("#lesson-title", "How this sign-in works");
  assert.equal(await ada.at("#lesson-steps li").count(), 6);
  assert.equal(await ada.at("#lesson-defects tr").count(), 9);
  await fitsTheScreen(ada);
  await ada.photograph("lesson on a phone");
  await ada.at("#start-lesson").click();
  await answersProvider(ada, { name: newName() });
  await ada.sees("#account-title", "Signed in as");
  await fitsTheScreen(ada);
  // The lesson can be repeated. The new session replaces the old one.
  const former = await ada.token();
  const name = newName();
  await ada.at("#start-lesson").click();
  await answersProvider(ada, { name });
  await ada.sees("#account-title", `Signed in as ${name}`);
  const { status } = await fetch(`${options.address}/api/verify`, { headers: { Authorization: `Bearer ${former}` } });
  assert.equal(status, 401);
});

scene("a service without providers has no buttons and no lesson", {}, async (ada) => {
  await ada.sees(".exchange", "GET /api/sign-up");
  for (const part of ["#providers", "#lesson", "#identities-panel"]) await ada.seesNothingOf(part);
  await ada.signsUp();
  await ada.seesNothingOf("#sign-out-at-provider");
  await ada.seesNothingOf("#identities-panel");
});

for (const carrier of ["bearer", "cookie"]) {
  scene(`a person signs out here and at the provider, ${carrier}`, options, async (ada) => {
    await ada.travelsBy(carrier);
    await signsInAtProvider(ada, { name: newName() });
    await ada.sees("#sign-out-at-provider", `Sign out, also at ${TITLE}`);
    const left = ada.page.waitForRequest((request) => request.url().includes("/end-session?"));
    await ada.at("#sign-out-at-provider").click();
    const { searchParams } = new URL((await left).url());
    assert.equal(searchParams.get("post_logout_redirect_uri"), `${options.address}/`);
    await ada.page.waitForURL(`${options.address}/`);
    await ada.sees("#account-title", "Not signed in");
    assert.equal(await ada.cookie(), undefined);
    assert.equal(await ada.token(), null);
    await ada.page.reload();
    await ada.sees("#account-title", "Not signed in");
  });
}
