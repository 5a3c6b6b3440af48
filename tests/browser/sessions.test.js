import assert from "node:assert/strict";
import { elsewhere, scene, signsInFrom } from "./person.js";

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) " +
  "Version/19.0 Mobile/15E148 Safari/604.1";

const devices = (person) => person.at(".session .device").allTextContents();

scene("the list of sessions shows devices, newest first", async (ada) => {
  await ada.signsUp();
  await ada.sees("#sessions-outcome", "This is your only session.");
  await ada.seesNothingOf("#end-others");
  await signsInFrom(FIREFOX, ada);
  await signsInFrom("curl/8.14.1", ada);
  await ada.at("#refresh-sessions").click();
  await ada.sees("#sessions-outcome", "3 sessions, newest first.");
  assert.deepEqual(await devices(ada), ["curl", "Firefox on Linux", "Chrome on Linux"]);
  assert.deepEqual(await ada.at(".session:has(.badge) .device").allTextContents(), ["Chrome on Linux"]);
  const [began, expires] = await ada.session("curl").locator("time").evaluateAll(
    (times) => times.map(({ dateTime }) => Date.parse(dateTime)));
  assert.ok(Math.abs(expires - began - 86_400_000) < 1000);
  await ada.photograph("sessions");
});

scene("one session can be ended", async (ada) => {
  await ada.signsUp();
  const token = await signsInFrom(FIREFOX, ada);
  await signsInFrom("curl/8.14.1", ada);
  await ada.at("#refresh-sessions").click();
  await ada.session("Firefox on Linux").getByRole("button", { name: /^End the session of Firefox on Linux, started / }).click();
  await ada.sees("#sessions-outcome", "Ended Firefox on Linux. 2 sessions, newest first.");
  await ada.hasFocusOn(".session.current");
  assert.deepEqual(await devices(ada), ["curl", "Chrome on Linux"]);
  await assert.rejects(elsewhere("GET", "/api/users/me", { token }), /401/);

  await ada.session("curl").locator(".end").click();
  await ada.sees("#sessions-outcome", "Ended curl. This is your only session.");
  await ada.seesNothingOf("#end-others");
  await ada.sees("#account-title", `Signed in as ${ada.username}`);
});

scene("a session that has already ended disappears from the list", async (ada) => {
  await ada.signsUp();
  const token = await signsInFrom("curl/8.14.1", ada);
  await ada.at("#refresh-sessions").click();
  await ada.sees("#sessions-outcome", "2 sessions");
  await elsewhere("DELETE", "/api/sessions/current", { token });
  await ada.session("curl").locator(".end").click();
  await ada.sees("#sessions-outcome", "curl had already ended. This is your only session.");
});

scene("ending the session of this browser signs out", async (ada) => {
  await ada.signsUp();
  await ada.at(".session.current .end").click();
  await ada.sees("#account-outcome", "Signed out.");
  await ada.hasFocusOn("#sign-in-username");
  assert.equal(await ada.token(), null);
});

scene("all other sessions can be ended, and the other device shows why", async (ada) => {
  await ada.signsUp();
  const phone = await ada.signsInAtAnotherDevice({ userAgent: IPHONE });
  await signsInFrom("curl/8.14.1", ada);
  await ada.at("#refresh-sessions").click();
  await ada.sees(".session .device", "Safari on iPhone");
  await ada.at("#end-others").click();
  await ada.sees("#sessions-outcome", "Ended 2 other sessions. This is your only session.");
  await ada.hasFocusOn(".session.current");
  assert.deepEqual(await devices(ada), ["Chrome on Linux"]);

  await phone.sends("#add-item", { name: "Bread" });
  await phone.sees("#token-problem-text", "revoked");
  await phone.sees("#token-problem-text", "signed out together with the user's other sessions");
  await ada.adds("Bread");
});

scene("the user can sign out everywhere", async (ada) => {
  await ada.signsUp();
  const phone = await ada.signsInAtAnotherDevice({ userAgent: IPHONE });
  const first = ada.page;
  const second = await ada.openTab();
  await ada.turnsTo(first);
  await ada.at("#sign-out-everywhere").click();
  await ada.sees("#account-outcome", "Signed out everywhere: 2 sessions have ended.");
  await ada.hasFocusOn("#sign-in-username");
  assert.equal(await ada.token(), null);
  await ada.turnsTo(second);
  await ada.sees("#account-outcome", "Signed out everywhere in another tab.");
  await phone.at("#ask").click();
  await phone.sees("#result", "Rejected: 401 revoked");
  await phone.sees("#stamp", "rejected: revoked");
});

scene("signing out everywhere without the server ends no session", async (ada) => {
  await ada.signsUp();
  const token = await ada.token();
  await ada.losesTheServer();
  await ada.at("#sign-out-everywhere").click();
  await ada.sees("#sessions-outcome[data-tone=bad]", "No session was ended.");
  await ada.at("#refresh-sessions").click();
  await ada.sees("#sessions-outcome[data-tone=bad]", "does not respond");
  assert.equal(await ada.token(), token);
});

scene("devices have familiar names", async (ada) => {
  const names = {
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0":
      "Edge on Windows",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15":
      "Safari on macOS",
    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36":
      "Samsung Internet on Android",
    "Mozilla/5.0 (iPad; CPU OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0 Mobile/15E148 Safari/604.1":
      "Chrome on iPad",
    "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36":
      "Chrome on ChromeOS",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 OPR/124.0.0.0":
      "Opera on Windows",
    [IPHONE]: "Safari on iPhone",
    [FIREFOX]: "Firefox on Linux",
    "curl/8.14.1": "curl",
    "Wget/1.25.0": "Wget",
    "PostmanRuntime/7.46.0": "Postman",
    "python-requests/2.32.5": "Python",
    "node": "Node.js",
    "toaster/1.0": "toaster/1.0",
    "<b>bold</b>": "<b>bold</b>",
    ["x".repeat(200)]: `${"x".repeat(47)}…`,
    "": "Unknown device",
  };
  const told = await ada.page.evaluate(async (agents) => {
    const { deviceOf } = await import("/client/device.js");
    return Object.fromEntries(agents.map((agent) => [agent, deviceOf(agent)]));
  }, Object.keys(names));
  assert.deepEqual(told, names);

  await ada.signsUp();
  await signsInFrom("<b>bold</b>", ada);
  await ada.at("#refresh-sessions").click();
  await ada.sees(".session .device", "<b>bold</b>");
  assert.equal(await ada.at("#sessions b").count(), 0);
});

scene("sessions can be ended with the keyboard alone", async (ada) => {
  await ada.signsUp();
  await signsInFrom("curl/8.14.1", ada);
  await signsInFrom(FIREFOX, ada);
  await ada.tabsTo("#refresh-sessions");
  await ada.page.keyboard.press("Enter");
  await ada.sees("#sessions-outcome", "3 sessions");
  await ada.tabsTo(".session .end");
  await ada.page.keyboard.press("Enter");
  await ada.sees("#sessions-outcome", "Ended Firefox on Linux.");
  await ada.hasFocusOn(".session:first-child");
  await ada.tabsTo("#end-others");
  await ada.page.keyboard.press("Enter");
  await ada.sees("#sessions-outcome", "Ended 1 other session.");
  await ada.hasFocusOn(".session.current");
  await ada.tabsTo("#sign-out-everywhere");
  await ada.page.keyboard.press("Enter");
  await ada.hasFocusOn("#sign-in-username");
  await ada.sees("#account-outcome", "Signed out everywhere: 1 session has ended.");
});
