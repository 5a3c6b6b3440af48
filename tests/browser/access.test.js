import assert from "node:assert/strict";
import { elsewhere, scene, signsInFrom } from "./person.js";

/** Walks a person through the states the page can be in, and looks at each. */
async function inEveryState(person, look) {
  await look("signed out");
  await person.sends("#sign-up", { username: "", password: "short" });
  await person.sees("[aria-invalid=true]");
  await look("with refusals at the fields");

  await person.isRefused("**/api/sessions", { status: 429, code: "too_many_attempts" }, { "Retry-After": "900" });
  await person.sends("#sign-in", { username: person.username, password: "not the password" });
  await person.sees("#sign-in .form-error", "Too many attempts.");
  await look("with a form that has to wait");
  await person.chooses("#sign-up");
  await person.fills("#sign-up", { password: "elephant42" });
  await person.sees("#sign-up-strength", "weak");
  await person.context.unroute("**/api/sessions");

  await person.isAnsweredWith("**/api/users", { "daypass-device": "a-token-the-server-knows-this-browser-by" });
  await person.signsUp();
  await person.adds("Bread");
  await person.adds(`An item with a long name, ${"unbroken".repeat(10)}`);
  await person.logs({ description: "row 2 km", definition: "Time", result: "7:42" });
  await person.logs({ description: `A workout ${"unbroken".repeat(10)}`, definition: "y".repeat(60), result: "z".repeat(60) });
  await person.sends("#add-log", { description: "" });
  await person.sees("#add-log-description-error", /\w/);
  await person.at("#ask").click();
  await person.sees("#result[data-tone=good]");
  for (const summary of await person.at(".exchange summary").all()) await summary.click();
  await person.at(".copy-curl").first().click();
  await person.sees(".curl");
  for (const userAgent of ["Some-Device/9.1 (of a kind nobody knows; it says a lot of itself and never ends)", "x".repeat(200)]) {
    await signsInFrom(userAgent, person);
  }
  await person.at("#refresh-sessions").click();
  await person.sees("#sessions-outcome", "3 sessions");
  await person.sends("#change-password", { currentPassword: "not the password", newPassword: "four other words here" });
  await person.sees("#change-password-current-error", /\w/);
  await person.sees("#change-password-strength", "strong");
  await person.sees("#known-device");
  await person.at("#classroom > summary").click();
  await person.at(".step:nth-child(1) button").click();
  await person.sees(".step:nth-child(1) .outcome", /\w/);
  await person.fills(".step:nth-child(10)", { item: "unbroken".repeat(12) });
  await person.at(".step:nth-child(10) button").click();
  await person.at(".step:nth-child(14) > div > form button").click();
  await person.sees(".step:nth-child(14) .step-rows li");
  await person.at("#begin-deletion").click();
  await person.sees("#delete-account");
  await look("signed in, everything open");

  const token = await person.token();
  const { items } = await elsewhere("GET", "/api/items?sort=createdAt", { token });
  await elsewhere("PUT", `/api/items/${items[0].id}`, { token, body: { name: "Their bread" } });
  await person.item("Bread").locator(".delete").click();
  await person.sees(".conflict");
  await person.at(".item .edit:visible").first().click();
  await person.sees(".item-edit");
  await person.at("#logs .edit").first().click();
  await person.sees("#logs .item-edit");
  await person.at("#tamper-claims").click();
  await person.sees("#result[data-tone=bad]");
  await look("with a conflict and an edit");

  await person.returnsWith(`${token.slice(0, -8)}AAAAAAAA`);
  await person.sees("#stamp");
  await look("with a refused token");

  await person.at("#token-problem .delete-token").click();
  await person.countsTo(1);
  await person.sends("#set-variable", { name: "n".repeat(64), value: JSON.stringify("unbroken".repeat(20)) });
  await person.sees("#variables-outcome", "Set n");
  await person.sends("#set-variable", { name: "not a name", value: "1" });
  await person.sees("#set-variable-name-error", /\w/);
  await look("with an anonymous session");
  await person.travelsBy("cookie");
  await person.at("#keep-variables").check();
  await person.signsIn();
  await person.sees("#variables-outcome", "2 variables.");
  await look("signed in by cookie");
}

scene("the main flow works with the keyboard alone", async (ada) => {
  const { keyboard } = ada.page;
  await keyboard.press("Tab");
  await ada.hasFocusOn(".skip");
  await keyboard.press("Enter");
  await ada.hasFocusOn("#main");
  await ada.tabsTo("#sign-up-username");
  await keyboard.type(ada.username);
  await ada.tabsTo("#sign-up-password");
  await keyboard.type(ada.password);
  await keyboard.press("Enter");
  await ada.hasFocusOn("#account-title");

  await ada.tabsTo("#tamper-claims");
  await keyboard.press("Enter");
  await ada.sees("#result", "bad_signature");

  await ada.tabsTo("#add-item-name");
  await keyboard.type("Bread");
  await keyboard.press("Enter");
  await ada.sees("#items-outcome", "Added Bread.");
  await ada.hasFocusOn("#add-item-name");
  await ada.tabsTo(".edit");
  await keyboard.press("Enter");
  await ada.hasFocusOn(".item-edit input");
  await keyboard.type("Rye bread");
  await keyboard.press("Enter");
  await ada.sees("#items-outcome", "Renamed to Rye bread.");
  await ada.hasFocusOn(".edit");
  await keyboard.press("Enter");
  await ada.hasFocusOn(".item-edit input");
  await keyboard.press("Escape");
  await ada.hasFocusOn(".edit");
  await ada.tabsTo(".delete");
  await keyboard.press("Enter");
  await ada.sees("#items-outcome", "Deleted Rye bread.");
  await ada.hasFocusOn("#add-item-name");

  await ada.tabsTo(".exchange summary");
  await keyboard.press("Enter");
  await ada.tabsTo(".copy-curl");
  await keyboard.press("Enter");
  await ada.sees(".curl", "curl --include --request DELETE");

  await ada.tabsTo("#end .sign-out");
  await keyboard.press("Enter");
  await ada.sees("#account-outcome", "Signed out.");
  await ada.hasFocusOn("#sign-in-username");
});

scene("the focus is always visible", async (ada) => {
  await ada.signsUp();
  await ada.adds("Bread");
  for (let presses = 0; presses < 30; presses += 1) {
    await ada.page.keyboard.press("Tab");
    const seen = await ada.page.evaluate(() => {
      const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
      const outline = outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
      return { on: document.activeElement.outerHTML.slice(0, 80), outline };
    });
    assert.ok(seen.outline || seen.on.startsWith("<body"), `no visible focus on ${seen.on}`);
  }
});

scene("every state has names, labels and landmarks for screen readers", async (ada) => {
  await inEveryState(ada, async (state) => {
    const faults = await ada.page.evaluate(() => {
      const all = (selector) => [...document.querySelectorAll(selector)];
      const shown = (node) => node.checkVisibility();
      const tell = (what) => (node) => `${what}: ${node.outerHTML.slice(0, 100)}`;
      const named = (node) => (node.getAttribute("aria-label") ?? node.textContent).trim() !== "";
      const ids = all("[id]").map((node) => node.id);
      const references = (attribute) => all(`[${attribute}]`).filter((node) => (
        node.getAttribute(attribute).split(" ").some((id) => !document.getElementById(id))));
      const levels = all("h1, h2, h3, h4").filter(shown).map((heading) => Number(heading.tagName[1]));
      return [
        ...all("input, select, textarea").filter((field) => !field.labels.length).map(tell("no label")),
        ...all("button, summary, a").filter(shown).filter((node) => !named(node)).map(tell("no name")),
        ...all("img:not([alt])").map(tell("no alternative")),
        ...["aria-describedby", "aria-labelledby", "aria-controls"].flatMap(references).map(tell("dangling reference")),
        ...ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `the id ${id} is not unique`),
        ...["html[lang]", "h1", "header", "nav", "main", "aside"]
          .filter((landmark) => all(landmark).length !== 1).map((landmark) => `not exactly one ${landmark}`),
        ...levels.filter((level, index) => level > (levels[index - 1] ?? 0) + 1).map((level) => `an h${level} too deep`),
      ];
    });
    assert.deepEqual(faults, [], state);
    assert.deepEqual(await ada.violations(), [], state);
  });
});

for (const colorScheme of ["light", "dark"]) {
  scene(`the ${colorScheme} scheme has enough contrast in every state`, { colorScheme }, async (ada) => {
    await inEveryState(ada, async (state) => {
      await ada.photograph(`${colorScheme} ${state}`);
      const faint = await ada.page.evaluate(lowContrast);
      assert.deepEqual(faint, [], state);
    });
  });
}

/** Runs in the page: texts below 4.5:1 and edges of fields below 3:1, by the formula of WCAG 2. */
async function lowContrast() {
  await Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => {})));
  const channels = (color) => color.match(/[\d.]+/g).map(Number);
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const [red, green, blue, alpha = 1] = channels(getComputedStyle(at).backgroundColor);
      if (alpha === 1) return [red, green, blue];
    }
    return [255, 255, 255];
  };
  const luminance = (color) => {
    const [red, green, blue] = color.map((channel) => channel / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ratio = (one, other) => {
    const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  };

  const faults = [];
  const ask = (node, color, behind, least, what) => {
    const found = ratio(channels(color).slice(0, 3), behind);
    if (found < least) faults.push(`${what} ${found.toFixed(2)}:1 ${node.outerHTML.slice(0, 90)}`);
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !node.checkVisibility()) continue;
    ask(node, getComputedStyle(node).color, ground(node), 4.5, "text");
  }
  for (const field of document.querySelectorAll("input, select, textarea")) {
    // The labels of the switch between the two forms cover their transparent fields.
    if (!field.checkVisibility({ opacityProperty: true })) continue;
    ask(field, getComputedStyle(field).color, ground(field), 4.5, "typed text");
    ask(field, getComputedStyle(field).borderTopColor, ground(field.parentElement), 3, "edge");
  }
  return faults;
}

for (const width of [320, 360]) {
  scene(`a page ${width} px wide does not scroll sideways`, { viewport: { width, height: 740 } }, async (ada) => {
    await inEveryState(ada, async (state) => {
      await ada.photograph(`phone ${width} ${state}`);
      const beyond = await ada.page.evaluate(() => [...document.querySelectorAll("body *")]
        .filter((node) => node.checkVisibility() && node.getBoundingClientRect().right > innerWidth + 1)
        .map((node) => node.outerHTML.slice(0, 100)));
      const wide = await ada.page.evaluate(() => {
        const { scrollWidth, clientWidth } = document.documentElement;
        return scrollWidth - clientWidth;
      });
      assert.deepEqual({ wide, beyond }, { wide: 0, beyond: [] }, state);
      const small = await ada.page.evaluate(() => [...document.querySelectorAll("button, summary, input, select")]
        .filter((node) => node.checkVisibility() && node.getBoundingClientRect().height < 24)
        .map((node) => node.outerHTML.slice(0, 100)));
      assert.deepEqual(small, [], `too small to touch, ${state}`);
    });
  });
}

scene("a wide screen shows large text", { viewport: { width: 1920, height: 1080 } }, async (ada) => {
  await ada.signsUp();
  await ada.adds("Bread");
  const size = await ada.page.evaluate(() => parseFloat(getComputedStyle(document.body).fontSize));
  assert.ok(size >= 18, `the text is ${size} px large`);
  await ada.photograph("projector");
});
