import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { scene } from "./person.js";

const run = promisify(execFile);

const exchange = (person, text) => person.at(".exchange").filter({ hasText: text }).first();

/** What the shell answers to the command this exchange offers. */
async function asCurl(person, text, env) {
  const entry = exchange(person, text);
  if (await entry.getAttribute("open") === null) await entry.locator("summary").click();
  await entry.locator(".copy-curl").click();
  await entry.getByText("Copied.").waitFor();
  const command = await person.clipboard();
  for (const secret of [person.password, await person.token()]) {
    assert.ok(!command.includes(secret), "there is a secret in the command");
  }
  const { stdout } = await run("sh", ["-c", command], { env: { PATH: process.env.PATH, ...env } });
  return stdout;
}

scene("every request is listed with headers and bodies, newest first", async (ada) => {
  await ada.signsUp();
  await ada.adds("Bread");
  await ada.sees("#sessions-outcome", "This is your only session.");
  await ada.sees("#logs-outcome", "No workout logs yet.");
  await ada.sees("#variables-outcome", "No variables.");
  await ada.sees("#activity-outcome", "newest first.");
  const all = (await ada.at(".exchange summary").allInnerTexts()).map((text) => text.replaceAll(/\s+/g, " "));
  // When it was opened, the page asked who may sign up and whether there is a cookie. Either answer may come first.
  assert.match(all.slice(-2).sort().join(), /^GET \/api\/sessions\/current 401 no_token .*GET \/api\/sign-up 200 /);
  // The items, the workout logs, the sessions, the activity and the variables are requested together, and any response may arrive first.
  const others = /GET \/api\/(sign-up|sessions(\/current(\/variables)?)?|workout-logs\?\S*|users\/me\/events\?\S*) (200|401 no_token) [\d.]+ ms/;
  const summaries = all.filter((text) => !others.test(text));
  assert.deepEqual([all.length, summaries.length], [9, 3]);
  assert.match(summaries[0], /POST \/api\/items 201 [\d.]+ ms/);
  assert.match(summaries[1], /GET \/api\/items\?\S* 200 [\d.]+ ms/);
  assert.match(summaries[2], /POST \/api\/users 201 [\d.]+ ms/);

  await exchange(ada, "POST /api/items").locator("summary").click();
  const { request, response } = await exchange(ada, "POST /api/items").evaluate((entry) => ({
    request: entry.querySelector(".request").innerText,
    response: entry.querySelector(".response").innerText,
  }));
  assert.match(request, /Authorization: Bearer \S{12}…\S{6}\n/);
  assert.match(request, /"name": "Bread"/);
  assert.match(response, /201 Created[^]*etag: /);
  assert.match(response, /"name": "Bread"/);
  await ada.photograph("anatomy");
});

scene("the page contains neither the complete token nor the password", async (ada) => {
  await ada.signsUp();
  await ada.at("#ask").click();
  await ada.sees("#result[data-tone=good]");
  await ada.at("#tamper-signature").click();
  await ada.sees("#result[data-tone=bad]");
  await ada.at("#end .delete-token").click();
  await ada.sends("#sign-in", ada.credentials);
  await ada.sees("#account-title", `Signed in as ${ada.username}`);

  const [header, claims, signature] = (await ada.token()).split(".");
  const page = await ada.page.evaluate(() => {
    const fields = [...document.querySelectorAll("input, textarea")].map((field) => field.value);
    return document.documentElement.outerHTML + fields.join("\n");
  });
  assert.ok(!page.includes(ada.password), "the password is in the page");
  assert.ok(!page.includes(signature), "the signature is in the page");
  assert.ok(!page.includes(`${header}.${claims}`), "the signed part of the token is in the page");
  assert.match(page, /"password": "•••"/);
  assert.match(page, new RegExp(`"sessionToken": "${header.slice(0, 12)}…${signature.slice(-6)}"`));
});

scene("copied curl commands run", async (ada) => {
  await ada.signsUp();
  const name = `It's "half" of $HOME \\ é`;
  await ada.adds(name);
  await ada.at("#end .delete-token").click();
  await ada.sends("#sign-in", ada.credentials);
  await ada.sees("#items-outcome", "1 item shown.");
  const TOKEN = await ada.token();

  const signedIn = await asCurl(ada, "POST /api/sessions", { PASSWORD: ada.password });
  assert.match(signedIn, /^HTTP\/\S+ 201/);
  const listed = await asCurl(ada, "GET /api/items", { TOKEN });
  assert.match(listed, /^HTTP\/\S+ 200/);
  const created = await asCurl(ada, "POST /api/items", { TOKEN });
  assert.match(created, /^HTTP\/\S+ 201/);
  assert.equal(JSON.parse(created.slice(created.indexOf("{"))).name, name);
});

scene("the list of requests has a maximum length and can be cleared", async (ada) => {
  for (let request = 0; request < 55; request += 1) {
    const answered = ada.page.waitForResponse("**/api/sessions/current");
    await ada.page.evaluate((token) => window.dispatchEvent(new StorageEvent("storage", {
      key: (localStorage.setItem("daypass.token", token), "daypass.token"),
    })), `token-${request}`);
    await answered;
  }
  await ada.page.waitForFunction(() => document.querySelectorAll(".exchange").length === 50);
  await ada.at("#clear-exchanges").click();
  await ada.sees("#no-exchanges");
  assert.equal(await ada.at(".exchange").count(), 0);
});
