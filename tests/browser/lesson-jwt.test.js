import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { LAN, elsewhere, scene } from "./person.js";

const { JWT_SECRET } = process.env;

const encode = (text) => Buffer.from(text).toString("base64url");
const text = (person, selector) => person.at(selector).textContent();
const parts = async (person) => Promise.all(["header", "claims", "signature"].map((part) => text(person, `#jwt-${part}-encoded`)));
const signature = (hash, secret, [header, claims]) => createHmac(hash, secret).update(`${header}.${claims}`).digest("base64url");

async function shows(person, hash, secret) {
  // The browser signs asynchronously.
  await person.page.waitForFunction((wanted) => document.getElementById("jwt-signature-encoded").textContent === wanted,
    signature(hash, secret, await parts(person)));
}

async function sends(person, headline) {
  await person.at("#jwt-send").click();
  await person.sees("#jwt-answer strong", headline);
  await person.sees("#jwt-explanation p", /^The server (accepts|rejects) this token/);
}

scene("the parts of a token follow the header, the claims and the secret", { folded: true }, async (ada) => {
  await ada.at("#jwt-lesson-title").click();
  await ada.sees("#jwt-example-hint", "401 unknown_key");
  await shows(ada, "sha256", "my-secret-1");
  await ada.sees("#jwt-strength[data-tone=bad]", "the secret has 88 bits. RFC 7518, section 3.2, requires at least 256 bits for HS256.");

  const claims = { sub: "é", admin: true };
  await ada.at("#jwt-claims").fill(JSON.stringify(claims, null, 4));
  await ada.sees("#jwt-claims-encoded", encode(JSON.stringify(claims)));
  await shows(ada, "sha256", "my-secret-1");
  const strong = "x".repeat(32);
  await ada.at("#jwt-secret").fill(strong);
  await ada.sees("#jwt-strength[data-tone=good]", "the secret has 256 bits");
  await shows(ada, "sha256", strong);
  const kid = createHmac("sha256", strong).update("daypass key id").digest("base64url").slice(0, 11);
  await ada.sees("#jwt-key-id-text", kid);
  await ada.at("#jwt-use-kid").click();
  await ada.seesNothingOf("#jwt-key-id");
  assert.equal(JSON.parse(await ada.at("#jwt-header").inputValue()).kid, kid);

  for (const [alg, hash, bits] of [["HS384", "sha384", 384], ["HS512", "sha512", 512]]) {
    await ada.at("#jwt-header").fill(JSON.stringify({ alg }));
    await ada.sees("#jwt-strength[data-tone=bad]", `requires at least ${bits} bits for ${alg}`);
    await shows(ada, hash, strong);
  }
  await ada.at("#jwt-header").fill('{"alg":"RS256"}');
  await ada.sees("#jwt-signing", "signs only with HS256, HS384 and HS512");
  await ada.at("#jwt-header").fill('{"alg":');
  await ada.sees("#jwt-header-error", "Not a JSON object.");
  await ada.sees("#jwt-header[aria-invalid=true]");
  await ada.sees("#jwt-header-encoded", encode('{"alg":'));
  await ada.at("#jwt-reset").click();
  await ada.sees("#jwt-header:not([aria-invalid])");
  await ada.at("#jwt-decode button").first().click();
  await ada.sees("#jwt-decode-text-error", "Paste a token first.");

  await ada.tabsTo("#jwt-send");
  await ada.page.keyboard.press("Enter");
  await ada.sees("#jwt-answer strong", "Rejected: 401 unknown_key");
  assert.deepEqual(await ada.violations(), []);
  await ada.photograph("token lesson");
  await ada.page.setViewportSize({ width: 320, height: 700 });
  assert.equal(await ada.page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0, "the page scrolls sideways");
  await ada.photograph("token lesson on a phone");
});

scene("a token is decoded, changed, broken and sent", { folded: true }, async (ada) => {
  await ada.signsUp();
  const token = await ada.token();
  await ada.at("#jwt-lesson-title").click();
  await ada.seesNothingOf("#jwt-example-hint");
  const [header, claims, signed] = token.split(".");
  assert.deepEqual((await parts(ada)).slice(0, 2), [header, claims]);
  assert.ok(!(await ada.page.content()).includes(signed), "the signature is shown only on request");

  await ada.at("#jwt-decode button").first().click();
  await ada.sees("#jwt-outcome", "Decoded.");
  assert.deepEqual(await parts(ada), [header, claims, signed]);
  await sends(ada, "Accepted: 200");
  await ada.sees("#jwt-answer pre", ada.username);
  await ada.sees("#jwt-signing", "The signature is kept.");

  // The decoded signature does not match after a change.
  await ada.at("#jwt-preset-payload").click();
  await ada.sees("#jwt-outcome", "Expected answer: 401 bad_signature.");
  assert.notEqual((await parts(ada))[1], claims);
  await sends(ada, "Rejected: 401 bad_signature");
  await ada.sees("#jwt-explanation .check[data-outcome=failed]", "Signature");
  await ada.at("#jwt-preset-none").click();
  assert.equal((await parts(ada))[2], "empty");
  await sends(ada, "Rejected: 401 malformed_token");
  await ada.at("#jwt-preset-secret").click();
  await sends(ada, "Rejected: 401 bad_signature");
  // Without the server's secret, no other check is reached.
  await ada.at("#jwt-preset-expired").click();
  await ada.sees("#jwt-secret");
  assert.equal(await ada.at("#jwt-secret").inputValue(), "my-secret-1");
  await sends(ada, "Rejected: 401 bad_signature");

  if (JWT_SECRET) {
    await ada.at("#jwt-secret").fill(JWT_SECRET);
    await ada.at("#jwt-preset-secret").click();
    for (const [preset, code] of [["expired", "expired"], ["issuer", "wrong_issuer"], ["nbf", "not_yet_valid"], ["payload", "bad_signature"]]) {
      await ada.at(`#jwt-preset-${preset}`).click();
      await sends(ada, `Rejected: 401 ${code}`);
      await ada.sees("#jwt-explanation p", `rejects this token: ${code}.`);
    }
    await ada.photograph("token lesson with an answer");
    await ada.at("#jwt-reset").click();
    await shows(ada, "sha256", JWT_SECRET);
    await sends(ada, "Accepted: 200");
  }

  await ada.at("#jwt-copy").click();
  await ada.sees("#jwt-copied", "Copied.");
  const copied = await ada.clipboard();
  assert.equal(copied, (await parts(ada)).join("."));
  assert.equal(await ada.token(), token, "the session does not change");
  if (JWT_SECRET) await elsewhere("GET", "/api/users/me", { token: copied });
});

scene("without TLS the lesson says why it cannot sign", { address: LAN, folded: true }, async (ada) => {
  await ada.at("#jwt-lesson-title").click();
  await ada.sees("#jwt-signing", "cannot sign here");
  assert.equal(await text(ada, "#jwt-signature-encoded"), "empty");
  await ada.at("#jwt-send").click();
  await ada.sees("#jwt-answer strong", "Rejected: 401");
});
