// Links with codes, as in messages and invitations, and how they look on a phone.

import assert from "node:assert/strict";

export const PHONE = { width: 375, height: 740 };

/** Opens the link in a new tab. */
export async function opens(person, link) {
  person.page = await person.openTab(link);
}

export async function fitsTheScreen(person) {
  const wide = await person.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.equal(wide, 0, "the page scrolls sideways");
  assert.deepEqual(await person.violations(), []);
}

/** Asserts that the address bar and the history do not contain the code. */
export async function hidesFromHistory({ context, page }, code) {
  assert.ok(!page.url().includes(code), "the code is in the address bar");
  const browser = await context.newCDPSession(page);
  const { entries } = await browser.send("Page.getNavigationHistory");
  await browser.detach();
  assert.ok(!entries.some(({ url }) => url.includes(code)), "the code is in the history");
}

/** Asserts that the code is also not in the page, its fields and its storage. */
export async function leavesNoTrace(person, code) {
  await hidesFromHistory(person, code);
  const content = await person.page.evaluate(() => {
    const fields = [...document.querySelectorAll("input, textarea")].map((field) => field.value);
    return [document.documentElement.outerHTML, ...fields, JSON.stringify({ ...localStorage, ...sessionStorage })].join("\n");
  });
  assert.ok(!content.includes(code), "the code is in the page");
}
