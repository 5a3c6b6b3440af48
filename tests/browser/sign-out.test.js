import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ORIGIN, elsewhere, scene } from "./person.js";

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

scene("a person signs out and signs in again", async (ada) => {
  await ada.signsUp();
  await ada.at("#who .sign-out").click();
  await ada.sees("#account-outcome[data-tone=good]", "Signed out.");
  await ada.hasFocusOn("#sign-in-username");
  assert.deepEqual(await stored(ada.page), {});
  for (const closed of ["#ticket", "#sessions-panel", "#items-open", "#password-panel"]) await ada.seesNothingOf(closed);
  await ada.sees(".exchange", "DELETE /api/sessions/current");
  await ada.photograph("signed out again");
  await ada.signsIn();
});

scene("a person who signs out and replays the old token with curl gets 401 revoked", async (ada) => {
  await ada.signsUp();
  const token = await ada.token();
  await ada.at("#who .sign-out").click();
  await ada.sees("#account-outcome", "Signed out.");
  const { status, head, problem } = await replay(token);
  assert.deepEqual([status, problem.code], [401, "revoked"]);
  assert.match(problem.detail, /signed out/);
  assert.match(head, /WWW-Authenticate: Bearer .*error="invalid_token"/i);
});

scene("signing out in one tab signs the other tab out", async (ada) => {
  await ada.signsUp();
  const first = ada.page;
  const second = await ada.openTab();
  await ada.turnsTo(second);
  await ada.sees("#account-title", `You are ${ada.username}`);
  await second.evaluate(() => {
    window.heard = [];
    new BroadcastChannel("daypass").addEventListener("message", ({ data }) => window.heard.push(data.news));
  });
  await ada.turnsTo(first);
  await ada.at("#who .sign-out").click();
  await ada.sees("#account-outcome", "Signed out.");
  await ada.turnsTo(second);
  await ada.sees("#account-outcome", "Signed out in another tab.");
  await ada.sees("#account-title", "Sign up or sign in");
  await ada.sees("#no-ticket");
  await ada.seesNothingOf("#sessions-panel");
  // Whoever hears of it does not say it again.
  await second.waitForTimeout(300);
  assert.deepEqual(await second.evaluate(() => window.heard), ["Signed out in another tab."]);
});

scene("where there is no channel between tabs, the storage tells them", async (ada) => {
  await ada.context.addInitScript(() => delete window.BroadcastChannel);
  const first = ada.page;
  await first.reload();
  await ada.signsUp();
  const second = await ada.openTab();
  await ada.turnsTo(first);
  await ada.at("#who .sign-out").click();
  await ada.turnsTo(second);
  await ada.sees("#account-title", "Sign up or sign in");
  await ada.sees("#no-ticket");
});

scene("a tab that holds another session does not follow", async (ada) => {
  await ada.signsUp();
  await ada.page.evaluate(() => new BroadcastChannel("daypass").postMessage({ sid: "another", news: "Signed out." }));
  await ada.at("#ask").click();
  await ada.sees("#verdict[data-tone=good]");
  await ada.sees("#account-title", `You are ${ada.username}`);
});

scene("signing out while the server is unreachable clears this browser and says what that means", async (ada) => {
  await ada.signsUp();
  const token = await ada.token();
  await ada.losesTheServer();
  await ada.at("#who .sign-out").click();
  await ada.sees("#account-outcome[data-tone=bad]", "the server could not be told: the token stays good until");
  await ada.sees("#account-outcome", "does not answer");
  await ada.hasFocusOn("#sign-in-username");
  assert.deepEqual(await stored(ada.page), {});
  await ada.photograph("signed out, server unreachable");
  await ada.findsTheServerAgain();
  await ada.page.reload();
  await ada.sees("#account-title", "Sign up or sign in");
  // It was the truth.
  await elsewhere("GET", "/api/users/me", { token });
});

scene("the storage is empty before the server has answered, and a new sign-in is not talked over", async (ada) => {
  await ada.signsUp();
  let answer;
  await ada.page.route("**/api/sessions/current", (route) => new Promise((resolve) => {
    answer = () => resolve(route.abort("connectionreset"));
  }));
  await ada.at("#who .sign-out").click();
  await ada.sees("#account-outcome", "The server is being told.");
  assert.deepEqual(await stored(ada.page), {});
  await ada.signsIn();
  answer();
  await ada.sees(".exchange .status", "no answer");
  await ada.sees("#account-outcome", `Signed in as ${ada.username}.`);
});

scene("a page that is left while it signs out still tells the server", async (ada) => {
  await ada.signsUp();
  const token = await ada.token();
  await ada.page.evaluate(() => {
    document.querySelector("#who .sign-out").click();
    location.reload();
  });
  await ada.sees("#account-title", "Sign up or sign in");
  for (let asked = 0; (await replay(token)).status !== 401; asked += 1) {
    assert.ok(asked < 20, "the token is still good");
    await ada.page.waitForTimeout(100);
  }
});

scene("a person whose token nobody could judge can sign out too", async (ada) => {
  await ada.signsUp();
  const token = await ada.token();
  await ada.losesTheServer();
  await ada.page.reload();
  await ada.sees("#stranded-reason", "does not answer");
  await ada.findsTheServerAgain();
  await ada.at("#stranded .sign-out").click();
  await ada.sees("#account-outcome", "Signed out.");
  assert.equal((await replay(token)).problem.code, "revoked");
});

scene("a session that was ended elsewhere is told at the next request, with its reason", async (ada) => {
  await ada.signsUp();
  await elsewhere("DELETE", "/api/sessions/current", { token: await ada.token() });
  await ada.sends("#add-item", { name: "Bread" });
  await ada.sees("#stranded-reason", "revoked");
  await ada.sees("#stranded-reason", "signed out");
  await ada.seesNothingOf("#account-outcome");
  await ada.sees("#stamp", "refused: revoked");
  await ada.seesNothingOf("#stranded .sign-out");
  await ada.photograph("revoked");
  await ada.at("#ask").click();
  await ada.sees("#verdict[data-tone=bad]", "Refused: revoked");
  await ada.page.reload();
  await ada.sees("#stranded-reason", "revoked");
  await ada.signsIn();
});

scene("signing out of a session that was ended elsewhere says so", async (ada) => {
  await ada.signsUp();
  await elsewhere("DELETE", "/api/sessions", { token: await ada.token() });
  await ada.at("#who .sign-out").click();
  await ada.sees("#account-outcome", "The server refused the token already: revoked.");
  assert.deepEqual(await stored(ada.page), {});
});

scene("forgetting the token ends nothing", async (ada) => {
  await ada.signsUp();
  const token = await ada.token();
  await ada.sees("#forget-hint", "Ends nothing: only this browser forgets it.");
  const second = await ada.openTab();
  await ada.at("#who .forget").click();
  await ada.sees("#account-outcome", "Forgotten in this browser.");
  await ada.turnsTo(second);
  await ada.sees("#account-outcome", "forgotten in another tab");
  await elsewhere("GET", "/api/users/me", { token });
});
