import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ORIGIN, Person, elsewhere, scene } from "./person.js";

const run = promisify(execFile);

/** What somebody gets who kept a copy of the token and sends it with curl. */
async function replay(token) {
  const { stdout } = await run("curl", [
    "--silent", "--include", "--header", `Authorization: Bearer ${token}`, `${ORIGIN}/api/users/me`,
  ]);
  const [head, body] = stdout.split("\r\n\r\n");
  return { status: Number(head.split(" ")[1]), head, problem: JSON.parse(body) };
}

// What lets somebody in. The device token does not, and stays.
const stored = (page) => page.evaluate(() => {
  const { "daypass.device": known, ...rest } = localStorage;
  return rest;
});

scene("the user can sign out and sign in again", async (ada) => {
  await ada.signsUp();
  await ada.at("#end .sign-out").click();
  await ada.sees("#account-outcome[data-tone=good]", "Signed out.");
  await ada.hasFocusOn("#sign-in-username");
  assert.deepEqual(await stored(ada.page), {});
  for (const closed of ["#token", "#sessions-panel", "#items-open", "#password-panel"]) await ada.seesNothingOf(closed);
  await ada.sees(".exchange", "DELETE /api/sessions/current");
  await ada.photograph("signed out again");
  await ada.signsIn();
});

scene("the page keeps a signed-out token and shows that the server rejects it, as curl does", async (ada) => {
  await ada.signsUp();
  const token = await ada.token();
  await ada.seesNothingOf("#ended");
  await ada.at("#end .sign-out").click();
  await ada.sees("#account-outcome", "Signed out.");
  await ada.sees("#ended-title", `The ended token of ${ada.username}`);
  await ada.sees("#ended-token", `${token.slice(0, 12)}…${token.slice(-6)}`);
  assert.equal(await ada.at("#ended").evaluate((box) => getComputedStyle(box, "::after").content), '"signed out"');
  await ada.at("#ask-ended").click();
  await ada.sees("#ended-result[data-tone=bad]", "Rejected: 401 revoked");
  await ada.sees("[data-kind=rejected] .status", "401 revoked");
  await ada.photograph("ended token");
  assert.ok(!(await ada.page.content()).includes(token.split(".")[2]), "the signature is in the page");
  await ada.at("#dismiss-ended").click();
  await ada.seesNothingOf("#ended");
  await ada.hasFocusOn("#account-title");
  const { status, head, problem } = await replay(token);
  assert.deepEqual([status, problem.code], [401, "revoked"]);
  assert.match(problem.detail, /signed out/);
  assert.match(head, /WWW-Authenticate: Bearer .*error="invalid_token"/i);
});

scene("signing out in one tab signs out the other tab", async (ada) => {
  await ada.signsUp();
  const first = ada.page;
  const second = await ada.openTab();
  await ada.turnsTo(second);
  await ada.sees("#account-title", `Signed in as ${ada.username}`);
  await second.evaluate(() => {
    window.received = [];
    new BroadcastChannel("daypass").addEventListener("message", ({ data }) => window.received.push(data.notice));
  });
  await ada.turnsTo(first);
  await ada.at("#end .sign-out").click();
  await ada.sees("#account-outcome", "Signed out.");
  await ada.turnsTo(second);
  await ada.sees("#account-outcome", "Signed out in another tab.");
  await ada.sees("#account-title", "Not signed in");
  await ada.sees("#no-token");
  await ada.seesNothingOf("#sessions-panel");
  // Whoever hears of it does not say it again.
  await second.waitForTimeout(300);
  assert.deepEqual(await second.evaluate(() => window.received), ["Signed out in another tab."]);
});

scene("tabs follow a sign-out without BroadcastChannel", async (ada) => {
  await ada.context.addInitScript(() => delete window.BroadcastChannel);
  const first = ada.page;
  await first.reload();
  await ada.signsUp();
  const second = await ada.openTab();
  await ada.turnsTo(first);
  await ada.at("#end .sign-out").click();
  await ada.turnsTo(second);
  await ada.sees("#account-title", "Not signed in");
  await ada.sees("#no-token");
});

scene("a tab with another session ignores the sign-out", async (ada) => {
  await ada.signsUp();
  await ada.page.evaluate(() => new BroadcastChannel("daypass").postMessage({ sid: "another", news: "Signed out." }));
  await ada.at("#ask").click();
  await ada.sees("#result[data-tone=good]");
  await ada.sees("#account-title", `Signed in as ${ada.username}`);
});

scene("signing out without the server clears this browser and warns that the token is valid", async (ada) => {
  await ada.signsUp();
  const token = await ada.token();
  await ada.losesTheServer();
  await ada.at("#end .sign-out").click();
  await ada.sees("#account-outcome[data-tone=bad]", "the server did not confirm it. The token stays valid until");
  await ada.sees("#account-outcome", "does not respond");
  await ada.hasFocusOn("#sign-in-username");
  assert.deepEqual(await stored(ada.page), {});
  await ada.photograph("signed out, server unreachable");
  await ada.findsTheServerAgain();
  await ada.page.reload();
  await ada.sees("#account-title", "Not signed in");
  // It was the truth.
  await elsewhere("GET", "/api/users/me", { token });
});

scene("sign-out clears the storage before the response, and its message does not replace a new sign-in", async (ada) => {
  await ada.signsUp();
  let answer;
  await ada.page.route("**/api/sessions/current", (route) => new Promise((resolve) => {
    answer = () => resolve(route.abort("connectionreset"));
  }));
  await ada.at("#end .sign-out").click();
  await ada.sees("#account-outcome", "Waiting for the server.");
  assert.deepEqual(await stored(ada.page), {});
  await ada.signsIn();
  answer();
  await ada.sees(".exchange .status", "no response");
  await ada.sees("#account-outcome", `Signed in as ${ada.username}.`);
});

scene("sign-out reaches the server although the page is closed", async (ada) => {
  await ada.signsUp();
  const token = await ada.token();
  await ada.page.evaluate(() => {
    document.querySelector("#end .sign-out").click();
    location.reload();
  });
  await ada.sees("#account-title", "Not signed in");
  for (let asked = 0; (await replay(token)).status !== 401; asked += 1) {
    assert.ok(asked < 20, "the token is still good");
    await ada.page.waitForTimeout(100);
  }
});

scene("an unverified token can be signed out", async (ada) => {
  await ada.signsUp();
  const token = await ada.token();
  await ada.losesTheServer();
  await ada.page.reload();
  await ada.sees("#token-problem-text", "does not respond");
  await ada.findsTheServerAgain();
  await ada.at("#token-problem .sign-out").click();
  await ada.sees("#account-outcome", "Signed out.");
  assert.equal((await replay(token)).problem.code, "revoked");
});

scene("a session that ended elsewhere is reported at the next request with its reason", async (ada) => {
  await ada.signsUp();
  await elsewhere("DELETE", "/api/sessions/current", { token: await ada.token() });
  await ada.sends("#add-item", { name: "Bread" });
  await ada.sees("#token-problem-text", "revoked");
  await ada.sees("#token-problem-text", "signed out");
  await ada.seesNothingOf("#account-outcome");
  await ada.sees("#stamp", "rejected: revoked");
  await ada.seesNothingOf("#token-problem .sign-out");
  await ada.photograph("revoked");
  await ada.at("#ask").click();
  await ada.sees("#result[data-tone=bad]", "Rejected: 401 revoked");
  await ada.page.reload();
  await ada.sees("#token-problem-text", "revoked");
  await ada.signsIn();
});

scene("signing out of a session that has already ended says so", async (ada) => {
  await ada.signsUp();
  await elsewhere("DELETE", "/api/sessions", { token: await ada.token() });
  await ada.at("#end .sign-out").click();
  await ada.sees("#account-outcome", "The token was already rejected: revoked.");
  assert.deepEqual(await stored(ada.page), {});
});

scene("other browsers show the end of their sessions within seconds, without a click", async (ada) => {
  await ada.signsUp();
  const laptop = await ada.signsInAtAnotherDevice({ watches: true });
  const phone = await Person.arrive({ watches: true, viewport: { width: 375, height: 740 } }, ada);
  ada.devices.push(phone);
  await phone.travelsBy("cookie");
  await phone.signsIn();
  await ada.at("#refresh-sessions").click();
  await ada.sees("#sessions-outcome", "3 sessions");
  await ada.at("#end-others").click();
  await ada.sees("#sessions-outcome", "Ended 2 other sessions.");
  await laptop.sees("#token-problem-text", "revoked");
  await laptop.sees("#token-problem-text", "signed out together with the user's other sessions");
  await laptop.sees("#stamp", "rejected: revoked");
  await laptop.photograph("ended elsewhere");
  await phone.sees("#token-problem-text", "The session cookie was rejected: revoked. The cookie was deleted.");
  await ada.adds("Bread");
});

scene("deleting the token does not end the session", async (ada) => {
  await ada.signsUp();
  const token = await ada.token();
  await ada.sees("#delete-token-hint", "deletes it from this browser only.");
  const second = await ada.openTab();
  await ada.at("#end .delete-token").click();
  await ada.sees("#account-outcome", "Token deleted from this browser.");
  await ada.seesNothingOf("#ended");
  await ada.turnsTo(second);
  await ada.sees("#account-outcome", "deleted in another tab");
  await elsewhere("GET", "/api/users/me", { token });
});
