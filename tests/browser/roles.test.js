import assert from "node:assert/strict";
import { scene } from "./person.js";
import { claimsOf, startService } from "./service.js";

const service = await startService({});

/** Sends requests until the page shows these roles. The server uses changed roles after at most a second. */
async function seesAfterRequests(person, roles) {
  for (let requests = 0; await person.at("#roles").textContent() !== roles; requests += 1) {
    assert.ok(requests < 20, "the page still shows the old roles");
    await person.at("#refresh-sessions").click();
    await person.page.waitForTimeout(200);
  }
}

scene("the next request shows changed roles", { address: service.address }, async (ada) => {
  await ada.signsUp();
  await ada.sees("#roles", "No roles");
  await ada.adds("Bread");
  const before = await ada.token();
  await service.run("user", "grant", ada.username, "editor", "admin");
  await seesAfterRequests(ada, "Roles: admin, editor");
  await ada.sees("#user-roles", "admin, editor");

  const token = await ada.token();
  const { roles, roles_version, sid, exp } = claimsOf(token);
  assert.deepEqual({ roles, roles_version }, { roles: ["admin", "editor"], roles_version: 1 });
  assert.deepEqual({ sid, exp }, { sid: claimsOf(before).sid, exp: claimsOf(before).exp });
  for (const name of ["roles", "roles_version"]) {
    const explanation = ada.at(".part.claims .member").filter({ has: ada.page.getByText(name, { exact: true }) });
    assert.doesNotMatch(await explanation.locator(".explanation").textContent(), /Not used/);
  }
  await ada.sees("#items-outcome", "Added Bread.");
  assert.deepEqual(await ada.violations(), []);
  await ada.photograph("roles");

  await service.run("user", "revoke", ada.username, "editor", "admin");
  await seesAfterRequests(ada, "No roles");
  await ada.sees("#user-roles", "none");
});

for (const carrier of ["bearer", "cookie"]) {
  scene(`changed roles appear without a click, ${carrier}`, { address: service.address, watches: true }, async (ada) => {
    await ada.travelsBy(carrier);
    await ada.signsUp();
    await ada.sees("#roles", "No roles");
    await service.run("user", "grant", ada.username, "editor");
    await ada.sees("#roles", "Roles: editor");
    await service.run("user", "revoke", ada.username, "editor");
    await ada.sees("#roles", "No roles");
    await ada.at("#ask").click();
    await ada.sees("#result[data-tone=good]", "Valid");
  });
}

scene("another tab shows the changed roles", { address: service.address }, async (ada) => {
  await ada.signsUp();
  const first = ada.page;
  const second = await ada.openTab();
  await ada.turnsTo(first);
  await service.run("user", "grant", ada.username, "editor");
  await seesAfterRequests(ada, "Roles: editor");
  await ada.turnsTo(second);
  await ada.sees("#roles", "Roles: editor");
});

scene("many roles fit a phone", { address: service.address, viewport: { width: 320, height: 740 } }, async (ada) => {
  const roles = Array.from({ length: 12 }, (_, index) => `team:unbroken_${"x".repeat(16)}${index}`);
  await ada.signsUp();
  await service.run("user", "grant", ada.username, ...roles);
  await ada.page.reload();
  await seesAfterRequests(ada, `Roles: ${roles.toSorted().join(", ")}`);
  const wide = await ada.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.equal(wide, 0, "the page scrolls sideways");
  await ada.photograph("many roles");
});
