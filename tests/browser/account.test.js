import assert from "node:assert/strict";
import { scene } from "./person.js";

scene("sign-up persists after a reload", async (ada) => {
  await ada.photograph("signed out");
  await ada.signsUp();
  await ada.hasFocusOn("#account-title");
  await ada.page.reload();
  await ada.sees("#account-title", `Signed in as ${ada.username}`);
  await ada.sees("#account-title", ada.username);
  await ada.photograph("signed in");
});

scene("a deleted token is gone, and the user can sign in again", async (ada) => {
  await ada.signsUp();
  await ada.at("#end .delete-token").click();
  await ada.hasFocusOn("#sign-in-username");
  assert.equal(await ada.token(), null);
  await ada.sees("#no-token");
  await ada.sees("#items-closed");
  await ada.sends("#sign-in", ada.credentials);
  await ada.sees("#account-title", `Signed in as ${ada.username}`);
});

scene("a wrong password is reported at its field", async (ada) => {
  await ada.signsUp();
  await ada.at("#end .delete-token").click();
  await ada.sends("#sign-in", { username: ada.username, password: "not the password" });
  await ada.sees("#sign-in-password-error", /\w/);
  await ada.hasFocusOn("#sign-in-password[aria-invalid=true]");
  assert.equal(await ada.token(), null);
});

scene("a short password is reported at its field until the next attempt", async (ada) => {
  await ada.sends("#sign-up", { username: ada.username, password: "short" });
  await ada.sees("#sign-up-password-error", /\w/);
  await ada.hasFocusOn("#sign-up-password[aria-invalid=true]");
  await ada.photograph("short password");
  await ada.signsUp();
  assert.equal(await ada.at("[aria-invalid]").count(), 0);
});

scene("a taken username is reported at its field", async (ada) => {
  await ada.signsUp();
  await ada.at("#end .delete-token").click();
  await ada.sends("#sign-up", ada.credentials);
  await ada.sees("#sign-up-username-error", /\w/);
  await ada.hasFocusOn("#sign-up-username[aria-invalid=true]");
});

scene("the username can be changed", async (ada) => {
  await ada.signsUp();
  await ada.sends("#rename-user", { username: `${ada.username}-lovelace` });
  await ada.sees("#account-title", `Signed in as ${ada.username}-lovelace`);
  await ada.sees("#account-title", `${ada.username}-lovelace`);
  await ada.sends("#rename-user", { username: "" });
  await ada.sees("#rename-username-error", /\w/);
});

scene("password fields work with password managers and can be shown", async (ada) => {
  for (const [form, purpose] of [["#sign-up", "new-password"], ["#sign-in", "current-password"]]) {
    await ada.chooses(form);
    const field = ada.at(`${form} [name=password]`);
    assert.equal(await field.getAttribute("autocomplete"), purpose);
    assert.equal(await ada.at(`${form} [name=username]`).getAttribute("autocomplete"), "username");
    const reveal = ada.at(`${form} .reveal`);
    await reveal.click();
    assert.deepEqual([await field.getAttribute("type"), await reveal.getAttribute("aria-pressed")], ["text", "true"]);
    await reveal.click();
    assert.deepEqual([await field.getAttribute("type"), await reveal.getAttribute("aria-pressed")], ["password", "false"]);
    await ada.page.evaluate((text) => navigator.clipboard.writeText(text), ada.password);
    await field.fill("");
    await ada.page.keyboard.press("Control+V");
    assert.equal(await field.inputValue(), ada.password);
  }
});

scene("two tabs show the same session", async (ada) => {
  const first = ada.page;
  const second = await ada.openTab();
  await ada.turnsTo(first);
  await ada.signsUp();
  await ada.turnsTo(second);
  await ada.sees("#account-title", `Signed in as ${ada.username}`);
  await ada.at("#end .delete-token").click();
  await ada.turnsTo(first);
  await ada.sees("#account-title", "Not signed in");
  await ada.sees("#no-token");
});

scene("an unreachable server is reported, and the token stays stored", async (ada) => {
  await ada.signsUp();
  const token = await ada.token();
  await ada.page.route("**/api/**", (route) => route.abort("connectionrefused"));
  await ada.sends("#add-item", { name: "Bread" });
  await ada.sees("#add-item .form-error", "does not respond");
  await ada.at("#ask").click();
  await ada.sees("#result", "No result");
  await ada.sees(".exchange .status", "no response");
  await ada.page.reload();
  await ada.sees("#token-problem-text", "does not respond");
  await ada.photograph("server unreachable");
  assert.equal(await ada.token(), token);

  await ada.sends("#sign-in", ada.credentials);
  await ada.sees("#sign-in .form-error", "does not respond");

  await ada.page.unroute("**/api/**");
  await ada.at("#ask-again").click();
  await ada.sees("#account-title", `Signed in as ${ada.username}`);
  await ada.hasFocusOn("#account-title");
});

scene("a busy server’s Retry-After is shown", async (ada) => {
  await ada.page.route("**/api/sessions", (route) => route.fulfill({
    status: 503,
    headers: { "Content-Type": "application/problem+json", "Retry-After": "3" },
    body: JSON.stringify({ status: 503, code: "overloaded", detail: "Too many people are signing in." }),
  }));
  await ada.sends("#sign-in", ada.credentials);
  await ada.sees("#sign-in .form-error", "Too many people are signing in. Try again in 3 seconds.");
});

scene("a response that is not from the API is reported", async (ada) => {
  await ada.page.route("**/api/sessions", (route) => route.fulfill({
    contentType: "text/html",
    body: "<h1>Welcome to the proxy</h1>",
  }));
  await ada.sends("#sign-in", ada.credentials);
  await ada.sees("#sign-in .form-error", "does not come from the Daypass API");
});
