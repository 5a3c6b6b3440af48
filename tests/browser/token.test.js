import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { scene, signsInFrom } from "./person.js";

const { JWT_SECRET } = process.env;

const decode = (part) => JSON.parse(Buffer.from(part, "base64url"));
const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

scene("the token is taken apart, each claim with its meaning", async (ada) => {
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

scene("the server is asked whether the token is still good", async (ada) => {
  await ada.signsUp();
  await ada.at("#ask").click();
  await ada.sees("#verdict[data-tone=good]", "Good");
});

scene("a tampered copy is refused for its signature, and the token held stays as it was", async (ada) => {
  await ada.signsUp();
  const token = await ada.token();
  for (const button of ["#tamper-claims", "#tamper-signature"]) {
    await ada.at("#ask").click();
    await ada.sees("#verdict[data-tone=good]");
    await ada.at(button).click();
    await ada.sees("#verdict[data-tone=bad]", "Refused: bad_signature");
  }
  await ada.photograph("tampered");
  assert.equal(await ada.token(), token);
  await ada.sees("#account-title", `You are ${ada.username}`);
});

scene("a person who comes back with an altered token is told the reason and can sign in", async (ada) => {
  await ada.signsUp();
  const [header, claims, signature] = (await ada.token()).split(".");
  const older = { ...decode(claims), iat: 1_600_000_000, exp: 1_600_086_400 };
  await ada.returnsWith([header, encode(older), signature].join("."));
  await ada.sees("#stamp", "refused: bad_signature");
  await ada.sees("#stranded-reason", "bad_signature");
  await ada.sees(".part.claims dt", "exp");
  await ada.sends("#sign-in", ada.credentials);
  await ada.sees("#account-title", `You are ${ada.username}`);
  await ada.seesNothingOf("#stamp");
});

if (JWT_SECRET) {
  scene("a person who comes back after the token expired is told so", async (ada) => {
    await ada.signsUp();
    const [header, claims] = (await ada.token()).split(".");
    const { iat, exp, auth_time, ...rest } = decode(claims);
    const yesterday = encode({ ...rest, iat: iat - 90_000, exp: exp - 90_000, auth_time: auth_time - 90_000 });
    const signature = createHmac("sha256", JWT_SECRET).update(`${header}.${yesterday}`).digest("base64url");
    await ada.returnsWith(`${header}.${yesterday}.${signature}`);
    await ada.sees("#stamp", "refused: expired");
    await ada.sees("#stranded-reason", "expired");
    await ada.sees("#countdown", "00:00:00");
    await ada.sees("#sign-in");
    await ada.photograph("expired");
    await ada.at("#ask").click();
    await ada.sees("#verdict[data-tone=bad]", "Refused: expired");
  });
} else {
  test("a person who comes back after the token expired is told so", { skip: "needs JWT_SECRET, to sign such a token" });
}

scene("a token brought by hand is asked about, in the forms people paste it in", async (ada) => {
  await ada.signsUp();
  const token = await ada.token();
  for (const pasted of [token, `Bearer ${token}`, `"${token}"\n`]) {
    await ada.at("#who .forget").click();
    await ada.at("#hand summary").click();
    await ada.sends("#use-token", { token: pasted });
    await ada.sees("#account-title", `You are ${ada.username}`);
    assert.equal(await ada.token(), token);
  }
});

scene("what is no token at all is refused too, and can be forgotten", async (ada) => {
  await ada.at("#hand summary").click();
  await ada.sends("#use-token", { token: " " });
  await ada.sees("#use-token-text-error", /\w/);
  await ada.sends("#use-token", { token: "nonsense" });
  await ada.sees("#stamp", "refused: malformed_token");
  await ada.returnsWith("nönsense");
  await ada.sees("#stranded-reason", "can not send this token");
  await ada.at("#stranded .forget").click();
  await ada.sees("#no-ticket");
});

scene("the token can be copied whole", async (ada) => {
  await ada.signsUp();
  await ada.at("#copy-token").click();
  await ada.sees("#token-outcome", "Copied");
  assert.equal(await ada.clipboard(), await ada.token());
});

scene("a token that an answer brings takes the place of the one held, and nobody is disturbed", async (ada) => {
  await ada.signsUp();
  await ada.adds("Bread");
  const newer = await signsInFrom("curl/8.14.1", ada);
  await ada.isAnsweredWith("**/api/verify", { "daypass-session-token": newer });
  await ada.at("#ask").click();
  await ada.sees("#verdict[data-tone=good]", "Good");
  assert.equal(await ada.token(), newer);
  await ada.sees(".part.claims .value", decode(newer.split(".")[1]).jti);
  await ada.sees("#items-outcome", "Added Bread.");
  await ada.adds("Milk");
});
