import assert from "node:assert/strict";
import { scene, signsInFrom } from "./person.js";

scene("the recent activity of the account is listed, newest first", { folded: true }, async (ada) => {
  const requests = [];
  ada.page.on("request", (request) => requests.push(new URL(request.url()).pathname));
  await ada.seesNothingOf("#activity-panel");
  await ada.signsUp();
  assert.ok(!requests.includes("/api/users/me/events"), "nothing is loaded before the panel is opened");
  await ada.at("#activity-title").click();
  await ada.sees("#activity-outcome", "newest first.");
  await ada.sees(".activity", "Signed up");
  await ada.sees(".activity", "Chrome on Linux");

  await signsInFrom("curl/8.14.1", ada);
  await ada.at("#refresh-activity").click();
  await ada.sees(".activity:first-child", "Signed in");
  await ada.sees(".activity:first-child", "curl");
  const times = await ada.at(".activity time").evaluateAll((all) => all.map(({ dateTime }) => Date.parse(dateTime)));
  assert.deepEqual(times, times.toSorted((one, other) => other - one));
  assert.ok(times.every((time) => Math.abs(Date.now() - time) < 60_000));
  assert.deepEqual(await ada.violations(), []);
  await ada.photograph("activity");
  await ada.page.setViewportSize({ width: 320, height: 700 });
  assert.equal(await ada.page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0, "the page scrolls sideways");

  await ada.at("#end .sign-out").click();
  await ada.seesNothingOf("#activity-panel");
  assert.equal(await ada.at(".activity").count(), 0);

  // A server without events.
  await ada.isRefused("**/api/users/me/events**", { status: 404, code: "not_found", title: "Not found", detail: "Resource not found." });
  await ada.signsIn();
  await ada.seesNothingOf("#activity-panel");
});
