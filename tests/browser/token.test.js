import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { scene, signsInFrom } from "./person.js";

const { JWT_SECRET } = process.env;

const decode = (part) => JSON.parse(Buffer.from(part, "base64url"));
const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

scene("the token is decoded, with an explanation for each claim", async (ada) => {
  await ada.signsUp();
  const [header, claims] = (await ada.token()).split(".").slice(0, 2).map(decode);
  for (const [part, members] of [[".part.header", header], [".part.claims", claims]]) {
    assert.deepEqual(await ada.at(`${part} dt`).allTextContents(), Object.keys(members));
    for (const explanation of await ada.at(`${part} .member .explanation`).allTextContents()) {
      assert.match(explanation, /\w/);
      assert.notEqual(explanation, "Not one of ours.");
    }
  }
  await ada.sees(".part.claims .value", claims.sid);
  const shown = await ada.at("#countdown").textContent();
  await ada.page.waitForFunction((before) => document.querySelector("#countdown").textContent !== before, shown);
  assert.match(await ada.at("#countdown").textContent(), /^\d+:\d\d:\d\d$/);
});

scene("the server verifies the token", async (ada) => {
  await ada.signsUp();
  await ada.at("#ask").click();
  await ada.sees("#result[data-tone=good]", "Valid");
});

scene("a tampered copy is rejected, and the stored token does not change", async (ada) => {
  await ada.signsUp();
  const token = await ada.token();
  for (const button of ["#tamper-claims", "#tamper-signature"]) {
    await ada.at("#ask").click();
    await ada.sees("#result[data-tone=good]");
    await ada.at(button).click();
    await ada.sees("#result[data-tone=bad]", "Rejected: 401 bad_signature");
  }
  await ada.photograph("tampered");
  assert.equal(await ada.token(), token);
  await ada.sees("#account-title", `Signed in as ${ada.username}`);
});

scene("a changed token is reported at the next visit, and the user can sign in", async (ada) => {
  await ada.signsUp();
  const [header, claims, signature] = (await ada.token()).split(".");
  const older = { ...decode(claims), iat: 1_600_000_000, exp: 1_600_086_400 };
  await ada.returnsWith([header, encode(older), signature].join("."));
  await ada.sees("#stamp", "rejected: bad_signature");
  await ada.sees("#token-problem-text", "bad_signature");
  await ada.sees(".part.claims dt", "exp");
  await ada.sends("#sign-in", ada.credentials);
  await ada.sees("#account-title", `Signed in as ${ada.username}`);
  await ada.seesNothingOf("#stamp");
});

if (JWT_SECRET) {
  scene("an expired token is reported at the next visit", async (ada) => {
    await ada.signsUp();
    const [header, claims] = (await ada.token()).split(".");
    const { iat, exp, auth_time, ...rest } = decode(claims);
    const yesterday = encode({ ...rest, iat: iat - 90_000, exp: exp - 90_000, auth_time: auth_time - 90_000 });
    const signature = createHmac("sha256", JWT_SECRET).update(`${header}.${yesterday}`).digest("base64url");
    await ada.returnsWith(`${header}.${yesterday}.${signature}`);
    await ada.sees("#stamp", "rejected: expired");
    await ada.sees("#token-problem-text", "expired");
    await ada.sees("#countdown", "00:00:00");
    await ada.sees("#sign-in");
    await ada.photograph("expired");
    await ada.at("#ask").click();
    await ada.sees("#result[data-tone=bad]", "Rejected: 401 expired");
  });
} else {
  test("an expired token is reported at the next visit", { skip: "needs JWT_SECRET, to sign such a token" });
}

scene("a pasted token is verified, with or without its scheme and quotes", async (ada) => {
  await ada.signsUp();
  const token = await ada.token();
  for (const pasted of [token, `Bearer ${token}`, `"${token}"\n`]) {
    await ada.at("#end .delete-token").click();
    await ada.sends("#use-token", { token: pasted });
    await ada.sees("#account-title", `Signed in as ${ada.username}`);
    assert.equal(await ada.token(), token);
  }
});

scene("text that is not a token is rejected and can be deleted", async (ada) => {
  await ada.sends("#use-token", { token: " " });
  await ada.sees("#use-token-text-error", /\w/);
  await ada.sends("#use-token", { token: "nonsense" });
  await ada.sees("#stamp", "rejected: malformed_token");
  await ada.returnsWith("nönsense");
  await ada.sees("#token-problem-text", "cannot send this token");
  await ada.at("#token-problem .delete-token").click();
  await ada.sees("#no-token");
});

scene("the complete token can be copied", async (ada) => {
  await ada.signsUp();
  await ada.at("#copy-token").click();
  await ada.sees("#token-outcome", "Copied");
  assert.equal(await ada.clipboard(), await ada.token());
});

scene("a renewed token replaces the stored one without reloading the lists", async (ada) => {
  await ada.signsUp();
  await ada.adds("Bread");
  const newer = await signsInFrom("curl/8.14.1", ada);
  await ada.isAnsweredWith("**/api/verify", { "daypass-session-token": newer });
  await ada.at("#ask").click();
  await ada.sees("#result[data-tone=good]", "Valid");
  assert.equal(await ada.token(), newer);
  await ada.sees(".part.claims .value", decode(newer.split(".")[1]).jti);
  await ada.sees("#items-outcome", "Added Bread.");
  await ada.adds("Milk");
});
