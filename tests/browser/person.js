// A person at the test client: a browser profile for each device, one or more tabs, and a note of all that went wrong there.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import axe from "axe-core";
import { chromium } from "playwright-core";

const { DAYPASS_URL, CHROMIUM = "/usr/bin/chromium" } = process.env;
if (!DAYPASS_URL) {
  throw new Error("DAYPASS_URL is not set. Start Daypass and say where: DAYPASS_URL=http://127.0.0.1:3000 npm test");
}

export const ORIGIN = new URL(DAYPASS_URL).origin;
/** The same service, as another machine of the network opens it. */
export const LAN = `http://daypass.lan:${new URL(DAYPASS_URL).port}`;
const SCREENSHOTS = process.env.SCREENSHOTS ?? fileURLToPath(new URL("../../target/screenshots", import.meta.url));
mkdirSync(SCREENSHOTS, { recursive: true });

const AXE = axe.source;

const PASSWORD = "four quiet words here";

let browser;
after(() => browser?.close());

async function launched() {
  browser ??= await chromium.launch({
    executablePath: CHROMIUM,
    // Browsers of users block pop-ups.
    ignoreDefaultArgs: ["--disable-popup-blocking"],
    args: [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      // A name that browsers do not trust without TLS, unlike localhost: a machine in a local network.
      `--host-resolver-rules=MAP ${new URL(LAN).hostname} 127.0.0.1`,
      "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ],
  });
  return browser;
}

/** A test about one person. It ends by asking that nothing went wrong behind their back. */
export function scene(title, options, play = options) {
  test(title, { timeout: 90_000 }, async () => {
    const person = await Person.arrive(options === play ? {} : options);
    try {
      await play(person);
      assert.deepEqual(person.trouble, [], "console errors, policy violations and requests to other origins");
    } catch (failure) {
      await person.photograph(`failed ${title}`).catch(() => {});
      throw failure;
    } finally {
      for (const { context } of [person, ...person.devices]) {
        // A request of the page may be on its way through a route; nobody waits for it any more.
        await context.unrouteAll({ behavior: "ignoreErrors" });
        await context.close();
      }
    }
  });
}

/** One request from outside the browser, as another device of the same user would make it. */
export async function elsewhere(method, path, { token, body, userAgent } = {}) {
  const response = await fetch(ORIGIN + path, {
    method,
    headers: {
      ...(userAgent && { "User-Agent": userAgent }),
      ...(token && { Authorization: `Bearer ${token}` }),
      ...(body && { "Content-Type": "application/json" }),
    },
    body: body && JSON.stringify(body),
  });
  assert.ok(response.ok, `${method} ${path} answered ${response.status}`);
  return response.status === 204 ? null : response.json();
}

/** Signs the person in from outside the browser, as the program of this name would. */
export async function signsInFrom(userAgent, { credentials }) {
  const { sessionToken } = await elsewhere("POST", "/api/sessions", { body: credentials, userAgent });
  return sessionToken;
}

/** Opens all folded panels of a page, also those that appear later. */
function unfold() {
  addEventListener("DOMContentLoaded", () => {
    for (const fold of document.querySelectorAll(".fold:not(#classroom)")) fold.open = true;
    const list = document.getElementById("exchanges");
    if (!list) return;
    new MutationObserver(() => {
      for (const group of list.querySelectorAll(".refreshes > details:not([open])")) group.open = true;
    }).observe(list, { childList: true });
  });
}

export class Person {
  static async arrive(options, known) {
    const { viewport = { width: 1280, height: 900 }, colorScheme = "light", userAgent } = options;
    const context = await (await launched()).newContext({ viewport, colorScheme, userAgent });
    context.setDefaultTimeout(15_000);
    await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: ORIGIN });
    const person = new Person(context, { ...known, ...options });
    person.page = await person.openTab();
    return person;
  }

  /** `visits` are the origins of sign-in providers, to which the page may send the person. */
  constructor(context, { credentials, trouble, folded = false, watches = false, address = ORIGIN, visits = [] } = {}) {
    Object.assign(this, { context, folded, watches, address, visits });
    this.credentials = credentials ?? { username: `ada-${randomBytes(5).toString("hex")}`, password: PASSWORD };
    this.trouble = trouble ?? [];
    this.devices = [];
    this.underWay = new Set();
  }

  /** The same person signs in at another device: a browser profile of its own. */
  async signsInAtAnotherDevice(options = {}) {
    const device = await Person.arrive(options, this);
    this.devices.push(device);
    await device.signsIn();
    return device;
  }

  get username() {
    return this.credentials.username;
  }

  get password() {
    return this.credentials.password;
  }

  async openTab(address = this.address) {
    const page = await this.context.newPage();
    page.on("pageerror", (error) => this.trouble.push(`uncaught: ${error}`));
    page.on("console", (message) => this.hear(message));
    page.on("request", (request) => {
      const { origin, protocol, href } = new URL(request.url());
      const isKnown = [new URL(this.address).origin, ...this.visits].includes(origin);
      if (!isKnown && protocol !== "data:") this.trouble.push(`left the origin: ${href}`);
      this.underWay.add(request);
    });
    for (const end of ["requestfinished", "requestfailed"]) page.on(end, (request) => this.underWay.delete(request));
    // Everything is unfolded, and the page does not look for ends of its session, unless the scene is about that.
    if (!this.folded) await page.addInitScript(unfold);
    if (!this.watches) {
      await page.addInitScript(() => Object.defineProperty(document, "visibilityState", { get: () => "hidden" }));
    }
    await page.addInitScript(() => addEventListener("securitypolicyviolation", (event) => {
      console.error(`policy violated: ${event.violatedDirective} ${event.blockedURI}`);
    }));
    await page.goto(address);
    await page.locator("#credentials:not([hidden]), #signed-in:not([hidden])").first().waitFor();
    return page;
  }

  // The browser itself writes a line for each refused API call; refusals are what these tests ask for.
  hear(message) {
    if (message.type() !== "error" && message.type() !== "warning") return;
    const { origin, pathname } = new URL(message.location().url || this.address);
    const ofTheApi = [ORIGIN, LAN, new URL(this.address).origin].includes(origin) && ["/api/", "/test/", "/authtest/"].some((path) => pathname.startsWith(path));
    if (ofTheApi && message.text().startsWith("Failed to load resource")) return;
    this.trouble.push(`console ${message.type()}: ${message.text()}`);
  }

  at(selector) {
    return this.page.locator(selector);
  }

  /** Waits until the element is visible and says so. */
  async sees(selector, text = "") {
    await this.at(selector).filter({ hasText: text }).and(this.at(":visible")).first().waitFor();
  }

  async seesNothingOf(selector) {
    await this.at(selector).first().waitFor({ state: "hidden" });
  }

  async hasFocusOn(selector) {
    await this.page.waitForFunction((wanted) => document.activeElement?.matches(wanted), selector);
  }

  /** Presses Tab until the focus is there, as somebody without a mouse would. */
  async tabsTo(selector) {
    for (let presses = 0; presses < 80; presses += 1) {
      await this.page.keyboard.press("Tab");
      if (await this.page.evaluate((wanted) => document.activeElement.matches(wanted), selector)) return;
    }
    assert.fail(`Tab never reaches ${selector}`);
  }

  async fills(form, values) {
    for (const [name, value] of Object.entries(values)) await this.at(`${form} [name=${name}]`).fill(value);
  }

  async sends(form, values) {
    await this.chooses(form);
    await this.fills(form, values);
    await this.at(`${form} button:not([type=button])`).click();
  }

  /** Switches to the form, if it is one of the two of which the page shows one. */
  async chooses(form) {
    if (form === "#sign-up" || form === "#sign-in") await this.at(`#choose-${form.slice(1)}-label`).click();
  }

  /** Chooses how the token of the next session is sent. */
  async travelsBy(carrier) {
    await this.at(`#session-options [name=carrier][value=${carrier}]`).check();
  }

  async signsUpByCookie() {
    await this.travelsBy("cookie");
    await this.signsUp();
  }

  async signsUp() {
    await this.sends("#sign-up", this.credentials);
    await this.sees("#account-title", `Signed in as ${this.username}`);
    await this.hasAllAnswers();
  }

  /** Waits until nothing that the page asked for is still to come: what happens next is told by the next request. */
  async hasAllAnswers() {
    await this.page.waitForTimeout(50);
    while (this.underWay.size > 0) await this.page.waitForTimeout(20);
  }

  async signsIn() {
    await this.sends("#sign-in", this.credentials);
    await this.sees("#account-title", `Signed in as ${this.username}`);
  }

  /** The server can not be reached any more, or again. */
  async losesTheServer() {
    await this.context.route("**/api/**", (route) => route.abort("connectionrefused"));
  }

  async findsTheServerAgain() {
    await this.context.unroute("**/api/**");
  }

  /** The server refuses whatever is asked of this path. */
  async isRefused(path, problem, headers = {}) {
    await this.context.route(path, (route) => route.fulfill({
      status: problem.status,
      headers: { "Content-Type": "application/problem+json", ...headers },
      body: JSON.stringify(problem),
    }));
  }

  /** The answers of this path carry these headers (in lower case), where the server has not set them itself. */
  async isAnsweredWith(path, headers) {
    await this.context.route(path, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, headers: { ...headers, ...response.headers() } });
    });
  }

  session(device) {
    return this.at(".session").filter({ has: this.page.getByText(device, { exact: true }) });
  }

  async adds(name) {
    await this.sends("#add-item", { name });
    await this.sees("#items-outcome", `Added ${name}.`);
  }

  item(name) {
    return this.at(".item").filter({ has: this.page.getByText(name, { exact: true }) });
  }

  async names() {
    return this.at("#items .item-name").allTextContents();
  }

  async logs(values) {
    await this.sends("#add-log", values);
    await this.sees("#logs-outcome", `Added ${values.description}.`);
  }

  token() {
    return this.page.evaluate(() => localStorage.getItem("daypass.token"));
  }

  /** Looks at another tab; a browser slows down those that nobody looks at. */
  async turnsTo(page) {
    this.page = page;
    await page.bringToFront();
  }

  /** Comes back to a browser that kept this token. */
  async returnsWith(token) {
    await this.page.evaluate((kept) => localStorage.setItem("daypass.token", kept), token);
    await this.page.reload();
  }

  /** The session cookie as the browser keeps it, with all that no script can see, or undefined. */
  async cookie() {
    const browser = await this.context.newCDPSession(this.page);
    const { cookies } = await browser.send("Network.getCookies", { urls: [this.address] });
    await browser.detach();
    return cookies.find(({ name }) => ["__Host-daypass", "daypass"].includes(name));
  }

  /** Presses the counter's button and waits for what it counts to. */
  async countsTo(value) {
    await this.at("#count").click();
    await this.sees("#variables-outcome", `Counted to ${value}.`);
    assert.equal(await this.at("#counter-value").textContent(), String(value));
  }

  /** The token by which the server knows this browser. */
  deviceToken() {
    return this.page.evaluate(() => localStorage.getItem("daypass.device"));
  }

  clipboard() {
    return this.page.evaluate(() => navigator.clipboard.readText());
  }

  /** The accessibility violations that axe finds in the page as it is. */
  async violations() {
    await this.page.evaluate(AXE);
    return this.page.evaluate(async () => {
      await Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => {})));
      const { violations } = await axe.run(document, { resultTypes: ["violations"] });
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`);
    });
  }

  photograph(name, { fullPage = true } = {}) {
    return this.page.screenshot({ path: join(SCREENSHOTS, `${name.replaceAll(/\W+/g, "-")}.png`), fullPage });
  }
}
