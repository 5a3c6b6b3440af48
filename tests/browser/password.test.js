import assert from "node:assert/strict";
import { scene, signsInFrom } from "./person.js";

const NEW_PASSWORD = "four other words here";

scene("a new password keeps this tab signed in and ends the session of the other device", async (ada) => {
  await ada.signsUp();
  const former = await ada.token();
  const laptop = await ada.signsInAtAnotherDevice();
  await ada.at("#refresh-sessions").click();
  await ada.sees("#sessions-outcome", "2 sessions");

  await ada.sends("#change-password", { currentPassword: ada.password, newPassword: NEW_PASSWORD });
  await ada.sees("#password-outcome[data-tone=good]", "All other sessions have ended");
  await ada.sees("#sessions-outcome", "This is your only session.");
  await ada.photograph("password changed");
  assert.notEqual(await ada.token(), former);
  for (const name of ["currentPassword", "newPassword"]) {
    assert.equal(await ada.at(`#change-password [name=${name}]`).inputValue(), "");
  }
  await ada.adds("Bread");
  await ada.page.reload();
  await ada.sees("#account-title", `Signed in as ${ada.username}`);

  await laptop.sends("#add-item", { name: "Milk" });
  await laptop.sees("#token-problem-text", "revoked");
  await laptop.sees("#token-problem-text", "password was changed");
  await laptop.hasFocusOn("#account-title");
  await laptop.sends("#sign-in", ada.credentials);
  await laptop.sees("#sign-in-password-error", /\w/);
  await laptop.sends("#sign-in", { ...ada.credentials, password: NEW_PASSWORD });
  await laptop.sees("#account-title", `Signed in as ${ada.username}`);
});

scene("other tabs of this browser stay signed in after a password change", async (ada) => {
  await ada.signsUp();
  const first = ada.page;
  const second = await ada.openTab();
  await ada.turnsTo(first);
  await ada.sends("#change-password", { currentPassword: ada.password, newPassword: NEW_PASSWORD });
  await ada.sees("#password-outcome", "Your password is changed.");
  await ada.turnsTo(second);
  await ada.sees("#sessions-outcome", "This is your only session.");
  await ada.adds("Bread");
});

scene("a wrong or short password is reported at its field and ends no session", async (ada) => {
  await ada.signsUp();
  const token = await ada.token();
  await ada.sends("#change-password", { currentPassword: "not the password", newPassword: NEW_PASSWORD });
  await ada.sees("#change-password-current-error", /\w/);
  await ada.hasFocusOn("#change-password-current[aria-invalid=true]");
  await ada.sends("#change-password", { currentPassword: ada.password, newPassword: "short" });
  await ada.sees("#change-password-new-error", /\w/);
  await ada.hasFocusOn("#change-password-new[aria-invalid=true]");
  assert.equal(await ada.at("[aria-invalid]").count(), 1);
  await ada.photograph("new password refused");
  assert.equal(await ada.token(), token);
  await ada.at("#ask").click();
  await ada.sees("#result[data-tone=good]");
});

scene("the fields of the account work with password managers and can be shown", async (ada) => {
  await ada.signsUp();
  await ada.at("#begin-deletion").click();
  const fields = { "change-password-current": "current-password", "change-password-new": "new-password",
    "delete-account-current": "current-password" };
  for (const [id, purpose] of Object.entries(fields)) {
    const field = ada.at(`#${id}`);
    const reveal = ada.at(`.reveal[aria-controls=${id}]`);
    assert.deepEqual([await field.getAttribute("autocomplete"), await field.getAttribute("type")], [purpose, "password"]);
    await reveal.click();
    assert.deepEqual([await field.getAttribute("type"), await reveal.getAttribute("aria-pressed")], ["text", "true"]);
    await ada.page.evaluate((text) => navigator.clipboard.writeText(text), ada.password);
    await field.focus();
    await ada.page.keyboard.press("Control+V");
    assert.equal(await field.inputValue(), ada.password);
  }
  for (const form of ["#change-password", "#delete-account"]) {
    assert.equal(await ada.at(`${form} [autocomplete=username]`).inputValue(), ada.username);
  }
  // What was typed does not wait for the next person.
  await ada.at("#end .sign-out").click();
  await ada.sees("#account-outcome", "Signed out.");
  for (const [id] of Object.entries(fields)) {
    assert.deepEqual([await ada.at(`#${id}`).inputValue(), await ada.at(`#${id}`).getAttribute("type")], ["", "password"]);
  }
});

scene("the page does not contain the passwords after a change", async (ada) => {
  await ada.signsUp();
  await ada.sends("#change-password", { currentPassword: ada.password, newPassword: NEW_PASSWORD });
  await ada.sees("#password-outcome", "Your password is changed.");
  const page = await ada.page.evaluate(() => document.documentElement.outerHTML);
  assert.ok(![ada.password, NEW_PASSWORD].some((password) => page.includes(password)));
  assert.match(page, /"currentPassword": "•••"/);
  assert.match(page, /"newPassword": "•••"/);

  const change = ada.at(".exchange").filter({ hasText: "PUT /api/users/me/password" });
  await change.locator("summary").click();
  await change.locator(".copy-curl").click();
  await ada.sees(".curl", `"newPassword":"'"$NEW_PASSWORD"'"`);
  await ada.sees(".curl", `"currentPassword":"'"$PASSWORD"'"`);
});

scene("the account can be deleted after a confirmation with the password", async (ada) => {
  await ada.signsUp();
  await ada.adds("Bread");
  await signsInFrom("curl/8.14.1", ada);
  const first = ada.page;
  const second = await ada.openTab();
  await ada.turnsTo(first);

  await ada.at("#begin-deletion").click();
  await ada.hasFocusOn("#delete-account-current");
  await ada.sees("#delete-account-question", `This deletes ${ada.username} with all items and all sessions`);
  await ada.photograph("delete the account");
  await ada.fills("#delete-account", { currentPassword: ada.password });
  await ada.at("#cancel-deletion").click();
  await ada.hasFocusOn("#begin-deletion");
  await ada.seesNothingOf("#delete-account");

  await ada.at("#begin-deletion").click();
  assert.equal(await ada.at("#delete-account-current").inputValue(), "");
  await ada.sends("#delete-account", { currentPassword: "not the password" });
  await ada.sees("#delete-account-current-error", /\w/);
  await ada.hasFocusOn("#delete-account-current[aria-invalid=true]");
  await ada.sends("#delete-account", { currentPassword: ada.password });
  await ada.sees("#account-outcome", `The account ${ada.username} is deleted, with its items and sessions.`);
  await ada.hasFocusOn("#sign-in-username");
  assert.equal(await ada.token(), null);
  await ada.photograph("account deleted");

  await ada.turnsTo(second);
  await ada.sees("#account-outcome", "The account was deleted in another tab.");
  await ada.sends("#sign-in", ada.credentials);
  await ada.sees("#sign-in-password-error", /\w/);
});

scene("another device shows that the account was deleted", async (ada) => {
  await ada.signsUp();
  const laptop = await ada.signsInAtAnotherDevice();
  await ada.at("#begin-deletion").click();
  await ada.sends("#delete-account", { currentPassword: ada.password });
  await ada.sees("#account-outcome", "is deleted");
  // Also when it was about to change something there.
  await laptop.sends("#change-password", { currentPassword: ada.password, newPassword: NEW_PASSWORD });
  await laptop.sees("#token-problem-text", "ended when its account was deleted");
  await laptop.hasFocusOn("#account-title");
});

scene("the password can be changed and the account deleted with the keyboard alone", async (ada) => {
  const { keyboard } = ada.page;
  await ada.signsUp();
  await ada.tabsTo("#change-password-current");
  await keyboard.type(ada.password);
  await ada.tabsTo("#change-password-new");
  await keyboard.type(NEW_PASSWORD);
  await keyboard.press("Enter");
  await ada.sees("#password-outcome", "Your password is changed.");
  await ada.tabsTo("#begin-deletion");
  await keyboard.press("Enter");
  await ada.hasFocusOn("#delete-account-current");
  await keyboard.press("Escape");
  await ada.hasFocusOn("#begin-deletion");
  await keyboard.press("Enter");
  await keyboard.type(NEW_PASSWORD);
  await keyboard.press("Enter");
  await ada.sees("#account-outcome", "is deleted");
});
