import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ORIGIN, scene } from "./person.js";

const NEW_PASSWORD = "four other words here";

const STOLEN = "With a stolen database, at 10,000 guesses a second, guessing takes";

const RULES = {
  password_too_common: "This password is one of the most common ones.",
  password_like_username: "A password must not be made from the username.",
};

const refusal = (name, code) => (
  { status: 422, code: "invalid_fields", errors: [{ pointer: `/${name}`, code, detail: RULES[code] }] }
);

/** The field is marked, has the focus, and a screen reader is told the rule, at once and whenever it comes back. */
async function isToldAt(person, id, rule) {
  await person.sees(`#${id}-error[role=alert]`, rule);
  await person.hasFocusOn(`#${id}[aria-invalid=true]`);
  assert.ok((await person.at(`#${id}`).getAttribute("aria-describedby")).split(" ").includes(`${id}-error`));
}

scene("a common password, or one made from the username, is reported at its field", async (ada) => {
  for (const [code, rule] of Object.entries(RULES)) {
    await ada.isRefused("**/api/users", refusal("password", code));
    await ada.fills("#sign-up", { username: ada.username, password: "password1" });
    // Sent from the field itself, where the focus stays.
    await ada.at("#sign-up-password").press("Enter");
    await isToldAt(ada, "sign-up-password", rule);
    await ada.photograph(code);
    await ada.context.unroute("**/api/users");
  }
  await ada.signsUp();
  const token = await ada.token();
  for (const [code, rule] of Object.entries(RULES)) {
    await ada.isRefused("**/api/users/me/password", refusal("newPassword", code));
    await ada.sends("#change-password", { currentPassword: ada.password, newPassword: "password1" });
    await isToldAt(ada, "change-password-new", rule);
    assert.equal(await ada.at("[aria-invalid]").count(), 1);
    await ada.context.unroute("**/api/users/me/password");
  }
  assert.equal(await ada.token(), token);
  await ada.sends("#change-password", { currentPassword: ada.password, newPassword: NEW_PASSWORD });
  await ada.sees("#password-outcome", "Your password is changed.");
});

scene("password strength is estimated as expected", async (ada) => {
  const username = "Ada-Lovelace";
  const passwords = {
    "very weak": [
      "password1", "Password123!", "P4ssw0rd", "aaaaaaaa", "abababab", "abcdefgh", "hgfedcba", "12345678", "qwertyui",
      "1q2w3e4r", "19841985", "hunter2hunter2", "ada-lovelace1", "ADA-LOVELACE7", "2Ada-Lovelace",
      "correct horse battery staple", "x".repeat(1024), "        ",
    ],
    "weak": [
      "elephant", "elephant42", "Elephant42!", "Tr0ub4dor&3", "xkqvzjwp", "ada-lovelace likes tea", "to be or not to be",
      "dragon monkey master shadow",
    ],
    "fair": ["wkq7vnzd2", "Rather-Unlikely-Word", "mountain river lake"],
    "strong": [
      "four quiet words here", "orbit lantern cactus velvet", "crayon-plasma-tundra-wharf", "cat dog sun hat",
      "orbit monkey cactus velvet",       "FourQuietWordsHere", "четыре тихих слова здесь", "k7#Vp2!mQz9x", "aB3xK9pQ2mWr",
    ],
  };
  const told = await ada.page.evaluate(async ([all, name]) => {
    const { estimate } = await import("/client/strength.js");
    const judged = Object.values(all).flat().map((password) => [password, estimate(password, name).name]);
    return Object.fromEntries(Object.keys(all).map((level) => (
      [level, judged.filter(([, found]) => found === level).map(([password]) => password)])));
  }, [passwords, username]);
  assert.deepEqual(told, passwords);
});

scene("the documentation has one sample password, and it is rated strong", async (ada) => {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const files = readdirSync(join(root, "docs"), { recursive: true }).filter((name) => name.endsWith(".md")).map((name) => join("docs", name));
  const samples = ["README.md", ...files].flatMap((name) => (
    [...readFileSync(join(root, name), "utf8").matchAll(/"(?:password|passwordhash)": ?"(\w[^"]*)"/g)].map(([, sample]) => sample)));
  const { components } = await (await fetch(`${ORIGIN}/openapi.json`)).json();
  const { SignUp, SignIn } = components.schemas;
  // Some requests of the lessons and of the errors have to fail.
  const wrong = ["not hers", "password1", "a wrong password", "short", "the eleventh guess"];
  const valid = samples.filter((sample) => !wrong.includes(sample));
  const all = new Set([...valid, SignUp.properties.password.example, SignIn.properties.password.example]);
  assert.equal(all.size, 1, [...all].join(", "));
  const rated = await ada.page.evaluate(async (sample) => {
    const { estimate } = await import("/client/strength.js");
    return estimate(sample, "ada").name;
  }, [...all][0]);
  assert.equal(rated, "strong");
});

for (const [form, field, hint] of [
  ["#sign-up", "#sign-up-password", "#sign-up-strength"],
  ["#change-password", "#change-password-new", "#change-password-strength"],
]) {
  scene(`the strength is shown while a password is typed in ${form}`, async (ada) => {
    if (form === "#change-password") await ada.signsUp();
    else await ada.fills(form, { username: ada.username });
    const meter = ada.at(`${hint} meter`);
    const words = ada.at(`${hint} [role=status]`);
    await ada.seesNothingOf(hint);

    await ada.at(field).pressSequentially("ünïcö");
    await ada.sees(hint, "5 characters, at least 8 needed. Estimate: very weak.");
    for (const [level, [password, said]] of [
      [`${ada.username}7`, `very weak. ${STOLEN} less than a second.`],
      ["elephant42", `weak. ${STOLEN} about 23 hours.`],
      ["mountain river lake", "fair."],
      ["four quiet words here", "strong."],
    ].entries()) {
      await ada.at(field).fill(password);
      await ada.sees(hint, `${[...password].length} characters, at least 8 needed. Estimate: ${said}`);
      assert.deepEqual([await meter.evaluate(({ value }) => value), await meter.getAttribute("aria-valuetext")],
        [level + 1, said.split(".")[0]]);
      await ada.at(hint).scrollIntoViewIfNeeded();
      await ada.photograph(`strength ${form} ${level + 1}`);
    }
    assert.match(await words.getAttribute("title"), /argon2id.*one machine.*10,000 a second/);

    // Characters are counted as the server counts them.
    await ada.at(field).fill("🦊🐢🐙🦀");
    await ada.sees(hint, "4 characters, at least 8 needed.");
    await ada.at(field).fill("e\u0301");
    await ada.sees(hint, "1 character, at least 8 needed.");
    await ada.at(field).fill("");
    await ada.seesNothingOf(hint);
    assert.equal(await words.textContent(), "");
  });
}

scene("the estimate is announced after a pause and considers the username", async (ada) => {
  await ada.page.evaluate(() => {
    window.told = [];
    const words = document.querySelector("#sign-up-strength [role=status]");
    new MutationObserver(() => window.told.push(words.textContent)).observe(words, { childList: true });
  });
  await ada.at("#sign-up-password").pressSequentially("tigerlily quartz", { delay: 20 });
  await ada.sees("#sign-up-strength", "16 characters");
  const told = await ada.page.evaluate(() => window.told);
  assert.equal(told.length, 1, told.join("\n"));
  await ada.fills("#sign-up", { username: "tigerlily quartz" });
  await ada.sees("#sign-up-strength", "very weak");
});

scene("the estimate does not block the form and disappears after it", async (ada) => {
  await ada.sends("#sign-up", { username: ada.username, password: "short" });
  await ada.sees("#sign-up-password-error", /\w/);
  await ada.sees("#sign-up-strength", "very weak");
  await ada.signsUp();
  await ada.at("#end .sign-out").click();
  await ada.chooses("#sign-up");
  await ada.seesNothingOf("#sign-up-strength");
  await ada.signsIn();
  // Left half way, by signing out.
  await ada.fills("#change-password", { newPassword: NEW_PASSWORD });
  await ada.sees("#change-password-strength", "strong");
  await ada.at("#end .sign-out").click();
  await ada.sees("#account-outcome", "Signed out.");
  await ada.signsIn();
  await ada.seesNothingOf("#change-password-strength");
});
