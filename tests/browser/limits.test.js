import assert from "node:assert/strict";
import { scene } from "./person.js";

const NEW_PASSWORD = "four other words here";
const WRONG = "not the password";

const TOO_MANY = { status: 429, code: "too_many_attempts", detail: "Too many attempts." };
const LIMIT = { RateLimit: '"sign-in";r=0;t=45', "RateLimit-Policy": '"sign-in";q=20;w=900', "Retry-After": "45" };

/** From now on the time of this page moves only when the test says so. */
async function stopTheClock({ page }) {
  await page.clock.install();
  await page.clock.pauseAt(Date.now() + 60_000);
}

/** Collects what a screen reader is told of the form: each change of its message, but for those of the timer in it. */
async function listenTo({ page }, form) {
  await page.evaluate((selector) => {
    window.told = [];
    const message = document.querySelector(selector);
    const silent = ({ target }) => (target.closest ? target : target.parentElement).closest("[aria-live=off]");
    new MutationObserver((changes) => {
      if (!changes.every(silent)) window.told.push(message.textContent);
    }).observe(message, { childList: true, characterData: true, subtree: true });
  }, `${form} .form-error`);
  return () => page.evaluate(() => window.told.filter(Boolean));
}

const button = (person, form) => person.at(`${form} button:not([type=button])`);

for (const [form, path] of [["#sign-up", "**/api/users"], ["#sign-in", "**/api/sessions"]]) {
  scene(`after too many attempts ${form} counts down, announces it once and works again`, async (ada) => {
    const other = form === "#sign-up" ? "#sign-in" : "#sign-up";
    const message = ada.at(`${form} .form-error`);
    const asked = [];
    ada.page.on("request", (request) => request.method() === "POST" && asked.push(new URL(request.url()).pathname));
    await stopTheClock(ada);
    const told = await listenTo(ada, form);
    await ada.isRefused(path, TOO_MANY, LIMIT);
    await ada.sends(form, { ...ada.credentials, password: WRONG });
    await ada.sees(`${form} .form-error`, /^Too many attempts\. Try again in 0:45$/);
    await ada.hasFocusOn(`${form} button`);
    assert.ok(await button(ada, form).isDisabled());
    await ada.photograph(`too many attempts ${form}`);

    for (const [seconds, left] of [[1, "0:44"], [1, "0:43"], [33, "0:10"], [9, "0:01"]]) {
      await ada.page.clock.runFor(seconds * 1000);
      assert.equal(await message.textContent(), `Too many attempts. Try again in ${left}`);
    }
    assert.deepEqual(await told(), ["Too many attempts. Try again in 0:45"]);
    await ada.at(`${form} [name=password]`).press("Enter");
    await button(ada, form).click({ force: true });
    assert.equal(asked.length, 1, "a form that has to wait was sent");

    // The other form is free.
    assert.ok(await button(ada, other).isEnabled());
    await ada.sends(other, { username: "", password: "short" });
    await ada.sees(`${other} [aria-invalid=true]`);
    await ada.chooses(form);
    assert.equal(await message.textContent(), "Too many attempts. Try again in 0:01");

    await ada.page.clock.runFor(1000);
    await ada.sees(`${form} .form-error`, /^You can try again now\.$/);
    assert.ok(await button(ada, form).isEnabled());
    assert.deepEqual((await told()).slice(1), ["You can try again now."]);
    await ada.photograph(`you can try again ${form}`);
    await ada.context.unroute(path);
    if (form === "#sign-up") return ada.signsUp();
    await ada.sends(form, { ...ada.credentials, password: WRONG });
    await ada.sees("#sign-in-password-error", /\w/);
    assert.doesNotMatch(await message.textContent(), /try again/i);
  });
}

scene("after too many attempts at the password only its form waits", async (ada) => {
  await ada.signsUp();
  await stopTheClock(ada);
  await ada.isRefused("**/api/users/me/password", TOO_MANY, { ...LIMIT, "Retry-After": "4000" });
  await ada.sends("#change-password", { currentPassword: WRONG, newPassword: NEW_PASSWORD });
  await ada.sees("#change-password .form-error", "Too many attempts. Try again in 1:06:40");
  assert.ok(await button(ada, "#change-password").isDisabled());
  await ada.page.clock.runFor(4_000_000 - 61_000);
  await ada.sees("#change-password .form-error", "Try again in 1:01");
  await ada.adds("Bread");
  await ada.at("#begin-deletion").click();
  await ada.sends("#delete-account", { currentPassword: WRONG });
  await ada.sees("#delete-account-current-error", /\w/);

  // Whoever signs in next has made no attempt yet.
  await ada.at("#end .sign-out").click();
  await ada.sees("#account-outcome", "Signed out");
  await ada.signsIn();
  assert.equal(await ada.at("#change-password .form-error").textContent(), "");
  await ada.context.unroute("**/api/users/me/password");
  await ada.sends("#change-password", { currentPassword: ada.password, newPassword: NEW_PASSWORD });
  await ada.sees("#password-outcome", "Your password is changed.");
});

scene("the countdown includes the time while the browser slept", async (ada) => {
  await stopTheClock(ada);
  await ada.isRefused("**/api/sessions", TOO_MANY, LIMIT);
  await ada.sends("#sign-in", { ...ada.credentials, password: WRONG });
  await ada.sees("#sign-in .form-error", "0:45");
  await ada.page.clock.fastForward(40_000);
  await ada.sees("#sign-in .form-error", "0:05");
  await ada.page.clock.fastForward(3_600_000);
  await ada.sees("#sign-in .form-error", "You can try again now.");
});

scene("a failed sign-in shows the number of tries left if there are few", async (ada) => {
  const path = "**/api/sessions";
  const answers = {
    '"sign-in";r=19;t=900': "",
    '"sign-in";r=6;t=45': "",
    '"sign-in";r=5;t=45': "5 tries left.",
    '"sign-in";r=1;t=45': "1 try left.",
    '"sign-in";r=0;t=45': "No tries left for now.",
    '"address";r=100;t=60, "sign-in";r=3;t=45': "3 tries left.",
    '"sign-in"; r=2; t=45': "2 tries left.",
    '"sign-in"': "",
    "nonsense": "",
  };
  for (const [limit, said] of Object.entries(answers)) {
    await ada.isRefused(path, { status: 401, code: "bad_credentials", detail: "The username or the password is wrong." }, {
      RateLimit: limit, "RateLimit-Policy": LIMIT["RateLimit-Policy"],
    });
    await ada.sends("#sign-in", { ...ada.credentials, password: WRONG });
    await ada.sees("#sign-in-password-error", "wrong");
    await ada.hasFocusOn("#sign-in-password[aria-invalid=true]");
    assert.equal(await ada.at("#sign-in .form-error").textContent(), said, limit);
    if (said.startsWith("3")) await ada.photograph("three tries left");
    await ada.context.unroute(path);
  }
});

scene("rate limit headers of successful responses are not shown", async (ada) => {
  for (const path of ["**/api/users", "**/api/sessions"]) {
    await ada.isAnsweredWith(path, { ratelimit: '"sign-in";r=4;t=45', "ratelimit-policy": LIMIT["RateLimit-Policy"] });
  }
  await ada.signsUp();
  await ada.at("#end .sign-out").click();
  await ada.sees("#account-outcome", "Signed out.");
  assert.deepEqual(await ada.at(".form-error").allTextContents().then((all) => all.filter(Boolean)), []);
  await ada.signsIn();
});

scene("every form of Retry-After is understood", async (ada) => {
  const waits = await ada.page.evaluate(async () => {
    const { secondsToWait } = await import("/client/limits.js");
    const inAMinute = new Date(Date.now() + 60_000).toUTCString();
    return ["45", "0", "", "soon", "-3", inAMinute, "Sat, 01 Jan 2000 00:00:00 GMT"]
      .map((value) => secondsToWait(new Headers({ "Retry-After": value })));
  });
  assert.ok(waits[5] >= 58 && waits[5] <= 60, `a date in a minute: ${waits[5]}`);
  assert.deepEqual(waits.with(5, 60), [45, 0, 0, 0, 0, 60, 0]);

  const busy = { status: 503, code: "busy", detail: "The service is busy." };
  await ada.isRefused("**/api/sessions", busy, { "Retry-After": "1" });
  await ada.sends("#sign-in", ada.credentials);
  await ada.sees("#sign-in .form-error", /^The service is busy\. Try again in 1 second\.$/);
  assert.ok(await button(ada, "#sign-in").isEnabled());
  await ada.context.unroute("**/api/sessions");
  await ada.isRefused("**/api/sessions", TOO_MANY);
  await ada.sends("#sign-in", ada.credentials);
  await ada.sees("#sign-in .form-error", /^Too many attempts\.$/);
  assert.ok(await button(ada, "#sign-in").isEnabled());
});
