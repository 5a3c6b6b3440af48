import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { ORIGIN, elsewhere, scene, signsInFrom } from "./person.js";

const { JWT_SECRET } = process.env;

const decode = (part) => JSON.parse(Buffer.from(part, "base64url"));
const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const CHECKS = 14;

/** The outcomes of the checks by their names. */
const outcomes = async (person) => Object.fromEntries(await person.at("#explanation .check").evaluateAll((all) => all.map((check) => (
  [check.querySelector("strong").textContent, check.querySelector(".check-outcome").textContent]))));

async function explains(person, token) {
  await person.at("#explain-token-text").fill(token);
  await person.at("#explain-token button").click();
  await person.sees("#explain-outcome", /\w/);
}

const trust = (person) => person.at("#explanation .trust").allTextContents();

async function fitsOnAPhone(person) {
  await person.page.setViewportSize({ width: 320, height: 700 });
  assert.equal(await person.page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0, "the page scrolls sideways");
  await person.photograph("explain on a phone");
  await person.page.setViewportSize({ width: 1280, height: 900 });
}

scene("the server explains the token of the session and the tokens of rejected requests", { folded: true }, async (ada) => {
  await ada.at("#explain-title").click();
  await ada.at("#explain-token button").click();
  await ada.sees("#explain-token-text-error", "Paste a token first.");
  await ada.at("#explain-title").click();
  await ada.signsUp();
  const token = await ada.token();

  await ada.page.evaluate(() => { location.hash = "#explain"; });
  await ada.hasFocusOn("#explain-token-text");
  await ada.at("#explain-token button").click();
  await ada.sees("#explain-outcome[data-tone=good]", "The server accepts this token.");
  const accepted = await outcomes(ada);
  assert.equal(Object.keys(accepted).length, CHECKS);
  assert.ok(!Object.values(accepted).includes("failed"));
  assert.deepEqual([accepted.Signature, accepted["Expiry (exp)"]], ["passed", "passed"]);
  assert.deepEqual(await trust(ada), ["signature verified", "signature verified"]);
  await ada.sees("#explanation .value", decode(token.split(".")[1]).sid);
  assert.ok(!(await ada.page.content()).includes(token.split(".")[2]), "the signature is in the page");

  await ada.at("#tamper-claims").click();
  await ada.at("#result .explain-this").click();
  await ada.sees("#explain-outcome[data-tone=bad]", "rejects this token: bad_signature");
  await ada.hasFocusOn("#explain-outcome");
  const rejected = await outcomes(ada);
  assert.deepEqual([rejected.Form, rejected.Signature, rejected["Issuer (iss)"]], ["passed", "failed", "not reached"]);
  assert.deepEqual(await trust(ada), ["not trusted", "not trusted"]);
  await ada.sees("#explanation .check[data-outcome=failed] .repair", /What to do: \w/);
  await ada.sees("#explanation .check[data-outcome=failed] .hint", "RFC");
  const tampered = await ada.at("#explain-token-text").inputValue();

  // The same request in the list of requests.
  await explains(ada, "nonsense");
  await ada.sees("#explain-outcome[data-tone=bad]", "malformed_token");
  const [failed] = Object.entries(await outcomes(ada)).filter(([, outcome]) => outcome === "failed");
  assert.deepEqual(failed, ["Form", "failed"]);
  await ada.at("#exchanges [data-kind=rejected] .explain-this").click();
  await ada.sees("#explain-outcome", "bad_signature");
  assert.equal(await ada.at("#explain-token-text").inputValue(), tampered);
  assert.deepEqual(await ada.violations(), []);
  await ada.photograph("explain");
  await fitsOnAPhone(ada);

  // After a sign-out the page keeps the ended token, and its explanation says that the session has ended.
  await ada.at("#end .sign-out").click();
  await ada.sees("#ended");
  assert.equal(await ada.at("#explain-token-text").inputValue(), "", "the next user sees no token");
  assert.equal(await ada.at("#explanation .check").count(), 0);
  await ada.at("#ask-ended").click();
  await ada.at("#ended-result .explain-this").click();
  await ada.sees("#explain-outcome", "rejects this token: revoked");
  assert.equal((await outcomes(ada)).Revocation, "failed");

  // A script cannot read the token of a cookie.
  await ada.travelsBy("cookie");
  await ada.signsIn();
  await ada.at("#explain-token button").click();
  await ada.sees("#explain-token-text-error", "in a cookie, which scripts cannot read");
  await elsewhere("DELETE", "/api/sessions", { token: await signsInFrom("curl/8.14.1", ada) });
  await ada.at("#ask").click();
  await ada.sees("#exchanges [data-kind=rejected] > .hint", "The token is in a cookie.");

  await ada.isRefused("**/api/tokens/explain", { status: 404, code: "not_found", title: "Not found", detail: "Resource not found." });
  await explains(ada, tampered);
  await ada.sees("#explain-outcome", "This server does not explain tokens (TOKEN_EXPLAIN).");
});

if (JWT_SECRET) {
  const now = Math.floor(Date.now() / 1000);
  const key = (secret) => createHmac("sha256", secret).update("daypass key id").digest("base64url").slice(0, 11);

  /** A token of the same session, with changes. */
  function changed(token, { header = {}, claims = {}, secret = JWT_SECRET }) {
    const [oldHeader, oldClaims] = token.split(".").slice(0, 2).map(decode);
    const message = `${encode({ ...oldHeader, ...header })}.${encode({ ...oldClaims, ...claims })}`;
    return `${message}.${createHmac("sha256", secret).update(message).digest("base64url")}`;
  }

  // What is wrong with the token, the code of the answer, and the check that fails.
  const BROKEN = [
    [(token) => token.split(".").slice(0, 2).join("."), "malformed_token", "Form"],
    [(token) => ["bm9uc2Vuc2U", ...token.split(".").slice(1)].join("."), "malformed_token", "Header"],
    [(token) => changed(token, { header: { alg: "none" } }), "wrong_algorithm", "Algorithm (alg)"],
    [(token) => changed(token, { header: { kid: key("another secret of another server") } }), "unknown_key", "Key (kid)"],
    [(token) => changed(token, { header: { typ: "JWT" } }), "wrong_type", "Type (typ)"],
    [(token) => changed(token, { secret: randomBytes(32) }), "bad_signature", "Signature"],
    [(token) => changed(token, { claims: { iss: "another-service" } }), "wrong_issuer", "Issuer (iss)"],
    [(token) => changed(token, { claims: { aud: "another-service" } }), "wrong_audience", "Audience (aud)"],
    [(token) => changed(token, { claims: { nbf: now + 3600 } }), "not_yet_valid", "Not before (nbf, iat)"],
    [(token) => changed(token, { claims: { iat: now - 90_000, exp: now - 60 } }), "expired", "Expiry (exp)"],
  ];

  scene("ten broken tokens are explained with the check that fails", async (ada) => {
    const { sessionToken } = await elsewhere("POST", "/api/users", { body: ada.credentials });
    await ada.page.goto(`${ORIGIN}/#explain`);
    for (const [broken, code, check] of BROKEN) {
      await explains(ada, broken(sessionToken));
      await ada.sees("#explain-outcome[data-tone=bad]", `rejects this token: ${code}.`);
      const results = Object.entries(await outcomes(ada));
      const place = results.findIndex(([name]) => name === check);
      assert.deepEqual(results.map(([, outcome]) => outcome), results.map((_, index) => (
        index < place ? "passed" : index === place ? "failed" : "not reached")), code);
    }
  });
}
