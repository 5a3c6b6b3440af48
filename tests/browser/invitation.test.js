import assert from "node:assert/strict";
import { PHONE, fitsTheScreen, hidesFromHistory, leavesNoTrace, opens } from "./links.js";
import { scene } from "./person.js";
import { startService } from "./service.js";

const [open, invited, closed] = await Promise.all(["open", "invited", "closed"].map((policy) => (
  startService({ SIGN_UP: policy, PASSWORD_MIN_LENGTH: policy === "invited" ? "12" : "8" }))));

scene("an invitation link opens the sign-up form on a phone", { address: invited.address, viewport: PHONE }, async (ada) => {
  const link = await invited.run("invite", "create", "--role", "editor", "--role", "admin");
  const [, code] = link.match(/#invitation=([\w-]{22})$/);
  await opens(ada, link);
  await ada.sees("#sign-up");
  await ada.seesNothingOf("#invitation-needed");
  assert.equal(await ada.at("#sign-up-invitation").inputValue(), code);
  assert.equal(ada.page.url(), `${invited.address}/`);
  await hidesFromHistory(ada, code);
  for (const field of ["username", "password"]) {
    const { bottom } = await ada.at(`#sign-up-${field}`).evaluate((input) => input.getBoundingClientRect().toJSON());
    assert.ok(bottom < PHONE.height, `the ${field} is at ${bottom}`);
  }
  await fitsTheScreen(ada);
  await ada.photograph("invitation on a phone");

  await ada.signsUp();
  await ada.sees("#roles", "Roles: admin, editor");
  assert.match(await ada.page.content(), /"invitation": "•••"/);
  await leavesNoTrace(ada, code);
});

scene("sign-up with invitations needs a code, which can be typed", { address: invited.address }, async (ada) => {
  await ada.sees("#invitation-needed", "Sign-up needs an invitation. Ask the operator of this service for a link.");
  await ada.photograph("invitation needed");
  await ada.sends("#sign-up", ada.credentials);
  await ada.sees("#sign-up-invitation-error", "Sign-up needs an invitation.");
  await ada.hasFocusOn("#sign-up-invitation[aria-invalid=true]");
  await ada.sends("#sign-up", { invitation: "no such code" });
  await ada.sees("#sign-up-invitation-error", "The invitation is not valid.");
  const code = (await invited.run("invite", "create")).split("=")[1];
  await ada.sends("#sign-up", { invitation: ` ${code} ` });
  await ada.sees("#account-title", `Signed in as ${ada.username}`);
  await ada.sees("#roles", "No roles");
});

scene("an invitation that was used is reported at its field", { address: invited.address }, async (ada) => {
  const link = await invited.run("invite", "create");
  await opens(ada, link);
  await ada.signsUp();
  const other = await ada.openTab(link);
  await ada.turnsTo(other);
  await ada.sees("#account-outcome", "You are already signed in. To use the invitation, sign out and choose “Sign up”.");
  await ada.at("#end .sign-out").click();
  await ada.sees("#account-outcome", "Signed out.");
  await ada.sends("#sign-up", { username: `${ada.username}-2`, password: ada.password });
  await ada.sees("#sign-up-invitation-error", "The invitation was already used.");
  await ada.photograph("invitation used");
});

scene("the hint shows the minimum length of this server", { address: invited.address }, async (ada) => {
  await ada.fills("#sign-up", { password: "short" });
  await ada.sees("#sign-up-strength", "at least 12 needed");
});

scene("with open sign-up, only a link shows the field of the invitation", { address: open.address }, async (ada) => {
  await ada.sees(".exchange", "GET /api/sign-up");
  await ada.seesNothingOf("#invitation-field");
  await ada.seesNothingOf("#invitation-needed");
  await ada.chooses("#sign-in");
  const link = await open.run("invite", "create", "--role", "editor");
  // The link is pasted into the address bar of this tab, which loads no page.
  await ada.page.evaluate((hash) => { location.hash = hash; }, new URL(link).hash);
  await ada.sees("#sign-up #invitation-field");
  assert.equal(ada.page.url(), `${open.address}/`);
  await ada.signsUp();
  await ada.sees("#roles", "Roles: editor");
  await ada.at("#end .sign-out").click();
  await ada.sees("#account-outcome", "Signed out.");
  await ada.chooses("#sign-up");
  await ada.seesNothingOf("#invitation-field");
});

scene("with closed sign-up there is no sign-up form", { address: closed.address, viewport: PHONE }, async (ada) => {
  await ada.sees("#sign-up-closed", "Sign-up is closed. Ask the operator of this service for an account.");
  await ada.sees("#sign-in");
  await ada.seesNothingOf("#sign-up");
  await ada.seesNothingOf("#choose-sign-up-label");
  await fitsTheScreen(ada);
  await ada.photograph("sign-up closed");
  await opens(ada, `${closed.address}/#invitation=code`);
  await ada.sees("#sign-up-closed");
  await ada.seesNothingOf("#sign-up");
  assert.equal(ada.page.url(), `${closed.address}/`);
});

scene("a policy that changes while the page is open is followed", { address: open.address }, async (ada) => {
  await ada.isRefused("**/api/users", { status: 403, code: "invitation_required", detail: "Sign-up needs an invitation." });
  await ada.sends("#sign-up", ada.credentials);
  await ada.sees("#sign-up-invitation-error", "Sign-up needs an invitation.");
  await ada.context.unroute("**/api/users");
  await ada.isRefused("**/api/users", { status: 403, code: "sign_up_closed", detail: "Sign-up is closed." });
  await ada.sends("#sign-up", { ...ada.credentials, invitation: "code" });
  await ada.sees("#sign-up-closed");
  await ada.sees("#sign-in");
});
