import assert from "node:assert/strict";
import { scene } from "./person.js";

scene("a person signs up, and is still signed in after a reload", async (ada) => {
  await ada.photograph("signed out");
  await ada.signsUp();
  await ada.hasFocusOn("#account-title");
  await ada.page.reload();
  await ada.sees("#account-title", `You are ${ada.username}`);
  await ada.sees("#ticket-holder", ada.username);
  await ada.photograph("signed in");
});

scene("a person forgets the token and signs in again", async (ada) => {
  await ada.signsUp();
  await ada.at("#who .forget").click();
  await ada.hasFocusOn("#sign-in-username");
  assert.equal(await ada.token(), null);
  await ada.sees("#no-ticket");
  await ada.sees("#items-closed");
  await ada.sends("#sign-in", ada.credentials);
  await ada.sees("#account-title", `You are ${ada.username}`);
});

scene("a wrong password is refused at the field", async (ada) => {
  await ada.signsUp();
  await ada.at("#who .forget").click();
  await ada.sends("#sign-in", { username: ada.username, password: "not the password" });
  await ada.sees("#sign-in-password-error", /\w/);
  await ada.hasFocusOn("#sign-in-password[aria-invalid=true]");
  assert.equal(await ada.token(), null);
});

scene("a short password is refused at the field, and the refusal goes with the next attempt", async (ada) => {
  await ada.sends("#sign-up", { username: ada.username, password: "short" });
  await ada.sees("#sign-up-password-error", /\w/);
  await ada.hasFocusOn("#sign-up-password[aria-invalid=true]");
  await ada.photograph("short password");
  await ada.signsUp();
  assert.equal(await ada.at("[aria-invalid]").count(), 0);
});

scene("a username somebody else has is refused at the field", async (ada) => {
  await ada.signsUp();
  await ada.at("#who .forget").click();
  await ada.sends("#sign-up", ada.credentials);
  await ada.sees("#sign-up-username-error", /\w/);
  await ada.hasFocusOn("#sign-up-username[aria-invalid=true]");
});

scene("a person changes the username", async (ada) => {
  await ada.signsUp();
  await ada.sends("#rename-user", { username: `${ada.username}-lovelace` });
  await ada.sees("#account-title", `You are ${ada.username}-lovelace`);
  await ada.sees("#ticket-holder", `${ada.username}-lovelace`);
  await ada.sends("#rename-user", { username: "" });
  await ada.sees("#rename-username-error", /\w/);
});

scene("password fields are made for password managers and can be shown", async (ada) => {
  for (const [form, purpose] of [["#sign-up", "new-password"], ["#sign-in", "current-password"]]) {
    const field = ada.at(`${form} [name=password]`);
    assert.equal(await field.getAttribute("autocomplete"), purpose);
    assert.equal(await ada.at(`${form} [name=username]`).getAttribute("autocomplete"), "username");
    const reveal = ada.at(`${form} .reveal`);
    await reveal.click();
    assert.deepEqual([await field.getAttribute("type"), await reveal.getAttribute("aria-pressed")], ["text", "true"]);
    await reveal.click();
    assert.deepEqual([await field.getAttribute("type"), await reveal.getAttribute("aria-pressed")], ["password", "false"]);
    await ada.page.evaluate((text) => navigator.clipboard.writeText(text), ada.password);
    await field.focus();
    await ada.page.keyboard.press("Control+V");
    assert.equal(await field.inputValue(), ada.password);
  }
});

scene("two tabs follow each other", async (ada) => {
  const first = ada.page;
  const second = await ada.openTab();
  await ada.turnsTo(first);
  await ada.signsUp();
  await ada.turnsTo(second);
  await ada.sees("#account-title", `You are ${ada.username}`);
  await ada.at("#who .forget").click();
  await ada.turnsTo(first);
  await ada.sees("#account-title", "Sign up or sign in");
  await ada.sees("#no-ticket");
});

scene("a server that does not answer is told as such, and the token is kept", async (ada) => {
  await ada.signsUp();
  const token = await ada.token();
  await ada.page.route("**/api/**", (route) => route.abort("connectionrefused"));
  await ada.sends("#add-item", { name: "Bread" });
  await ada.sees("#add-item .form-error", "does not answer");
  await ada.at("#ask").click();
  await ada.sees("#verdict", "No verdict");
  await ada.sees(".exchange .status", "no answer");
  await ada.page.reload();
  await ada.sees("#stranded-reason", "does not answer");
  await ada.photograph("server unreachable");
  assert.equal(await ada.token(), token);

  await ada.sends("#sign-in", ada.credentials);
  await ada.sees("#sign-in .form-error", "does not answer");

  await ada.page.unroute("**/api/**");
  await ada.at("#ask-again").click();
  await ada.sees("#account-title", `You are ${ada.username}`);
  await ada.hasFocusOn("#account-title");
});

scene("a server that is too busy says when to come back", async (ada) => {
  await ada.page.route("**/api/sessions", (route) => route.fulfill({
    status: 503,
    headers: { "Content-Type": "application/problem+json", "Retry-After": "3" },
    body: JSON.stringify({ status: 503, code: "overloaded", detail: "Too many people are signing in." }),
  }));
  await ada.sends("#sign-in", ada.credentials);
  await ada.sees("#sign-in .form-error", "Too many people are signing in. Try again in 3 seconds.");
});

scene("an answer that is not the API's is told as such", async (ada) => {
  await ada.page.route("**/api/sessions", (route) => route.fulfill({
    contentType: "text/html",
    body: "<h1>Welcome to the proxy</h1>",
  }));
  await ada.sends("#sign-in", ada.credentials);
  await ada.sees("#sign-in .form-error", "does not come from the Daypass API");
});
