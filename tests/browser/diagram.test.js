import assert from "node:assert/strict";
import { scene } from "./person.js";

const labels = (person) => person.at("#diagram-box .label").allTextContents();

scene("the requests of the page are drawn as they happen", { folded: true }, async (ada) => {
  await ada.at("#diagram > summary").click();
  await ada.sees("#diagram-box svg");
  assert.deepEqual(await ada.at("#diagram-box .name").allTextContents(), ["Page", "Daypass", "Page", "Daypass"]);
  await ada.signsUp();
  await ada.at("#ask").click();
  await ada.sees("#diagram-box", "GET /api/verify");
  await ada.at("#tamper-claims").click();
  await ada.sees("#diagram-box", "401 bad_signature");

  const drawn = await labels(ada);
  const place = (pattern) => drawn.findIndex((label) => pattern.test(label));
  const places = [/^POST \/api\/users username, password/, /^201 token eyJ/, /^GET \/api\/verify Bearer eyJ/, /^401 bad_signature$/].map(place);
  assert.ok(!places.includes(-1), drawn.join(" | "));
  assert.deepEqual(places, places.toSorted((one, other) => one - other));
  assert.equal(place(/workout-logs/), -1, "the page sends this request by itself");
  const end = await ada.at("#diagram-box").evaluate(({ scrollTop, clientHeight, scrollHeight }) => scrollHeight - clientHeight - scrollTop);
  assert.ok(end < 2, "the newest request is in view");

  await ada.at("#copy-diagram").click();
  await ada.sees("#diagram-copied", "Copied.");
  const text = await ada.clipboard();
  assert.match(text, /^sequenceDiagram\n {2}participant Page\n {2}participant Daypass\n/);
  assert.match(text, /\n {2}Daypass-->>Page: 401 bad_signature\n/);
  const token = await ada.token();
  for (const secret of [ada.username, ada.password, ...token.split(".")]) {
    assert.ok(!text.includes(secret), "there is a secret in the diagram");
    assert.ok(!(await ada.at("#diagram-box").innerHTML()).includes(secret), "there is a secret in the drawing");
  }
  await ada.photograph("diagram");

  await ada.at("#clear-exchanges").click();
  assert.deepEqual(await labels(ada), []);
  await ada.at("#end .sign-out").click();
  await ada.sees("#diagram-box", "DELETE /api/sessions/current");
  await ada.hasAllAnswers();

  // The cookie store is a participant as soon as it is used.
  await ada.travelsBy("cookie");
  await ada.signsIn();
  await ada.at("#ask").click();
  await ada.sees("#result[data-tone=good]");
  const names = ["Page", "Cookie store of the browser", "Daypass"];
  assert.deepEqual(await ada.at("#diagram-box .name").allTextContents(), [...names, ...names]);
  const byCookie = (await labels(ada)).join("\n");
  assert.match(byCookie, /Set-Cookie, with the token/);
  assert.match(byCookie, /GET \/api\/verify with the session cookie/);

  assert.deepEqual(await ada.violations(), []);
  await ada.page.setViewportSize({ width: 320, height: 700 });
  assert.equal(await ada.page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0, "the page scrolls sideways");
  await ada.photograph("diagram on a phone");
});
