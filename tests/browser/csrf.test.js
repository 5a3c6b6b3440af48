import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before } from "node:test";
import { ORIGIN, elsewhere, scene } from "./person.js";

const CURRENT = "/api/sessions/current";
const INCREMENT = `${CURRENT}/variables/counter/increment`;

// Demos that change something by GET, as the lessons have it.
const DEMOS = [
  "/increment", "/lessons/001/increment", "/counter", "/lessons/000/counter/session", "/lessons/002",
  "/logout", "/clear", "/lessons/000/logout", "/api/logout", "/lessons/002/restricted/logout", "/lessons/003/logout",
];

let server;

before(async () => {
  server = createServer((_, answer) => {
    answer.setHeader("Content-Type", "text/html; charset=utf-8");
    answer.end("<!doctype html><title>A page of somebody else</title>");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});

after(() => server.close());

// Ports make no site: on the same host a cookie goes along, on another only with a link that is followed.
const { hostname } = new URL(ORIGIN);
const STRANGERS = { "another port of this host": hostname, "another site": hostname === "localhost" ? "127.0.0.1" : "localhost" };

/** A page of somebody else in the person's browser, with a note of all that it asked of the service, and what was answered. */
async function strangersPage(person, host) {
  const page = await person.context.newPage();
  const asked = [];
  const sent = [];
  page.on("request", (request) => request.url().startsWith(ORIGIN) && asked.push(new URL(request.url()).pathname));
  page.on("response", (response) => {
    if (!response.url().startsWith(ORIGIN)) return;
    const request = response.request();
    sent.push(request.allHeaders().then((headers) => ({
      what: `${request.method()} ${new URL(request.url()).pathname}`,
      status: response.status(),
      cookie: "cookie" in headers,
    })));
  });
  const open = () => page.goto(`http://${host}:${server.address().port}/`);
  await open();
  return { page, open, asked, sent: () => Promise.all(sent) };
}

/** What the person would lose: all that the attempts are after. */
async function possessions(person) {
  const read = await person.page.evaluate(async (paths) => {
    const answers = await Promise.all(paths.map((path) => fetch(path, { cache: "no-store" })));
    return Promise.all(answers.map(async (answer) => ({ status: answer.status, body: await answer.json() })));
  }, [CURRENT, "/api/sessions", "/api/items", `${CURRENT}/variables`]);
  return { read, cookie: (await person.cookie()).value };
}

async function hasPossessions(person) {
  await person.signsUpByCookie();
  await person.adds("Bread");
  await person.countsTo(1);
  return possessions(person);
}

/** Nothing has changed, and what was sent was refused for the reasons that are ours. */
async function nothingIsLost(person, had, sent, statuses) {
  assert.ok(sent.length > 0, "nothing was tried");
  for (const { what, status } of sent) assert.ok(statuses.includes(status), `${what} was answered ${status}`);
  assert.deepEqual(await possessions(person), had);
  await person.page.reload();
  await person.sees("#account-title", `Signed in as ${person.username}`);
}

// What a form can send: a body of fields, or one that looks like JSON.
const FORMS = (mallory) => [
  ["application/x-www-form-urlencoded", INCREMENT, "by", "1"],
  ["text/plain", INCREMENT, '{"by":1,"rest":"', '"}'],
  ["text/plain", "/api/items", '{"name":"Poison","rest":"', '"}'],
  ["multipart/form-data", "/api/items", "name", "Poison"],
  ["text/plain", "/api/sessions", `{"username":"${mallory.username}","password":"${mallory.password}","carrier":"cookie","rest":"`, '"}'],
  ["text/plain", "/lessons/003/login", `{"username":"${mallory.username}","password":"${mallory.password}","rest":"`, '"}'],
];

async function submits(page, [enctype, path, name, value]) {
  await page.evaluate(([action, type, field, text]) => {
    const form = document.createElement("form");
    Object.assign(form, { method: "post", action, enctype: type });
    const input = document.createElement("input");
    Object.assign(input, { type: "hidden", name: field, value: text });
    form.append(input);
    document.body.append(form);
    form.submit();
  }, [ORIGIN + path, enctype, name, value]);
  await page.waitForURL(ORIGIN + path);
}

/** Runs in the stranger's page: sends each request with the cookies, and tells what a script gets of the answers. */
const fetchAll = (attempts) => Promise.all(attempts.map(([url, options]) => (
  fetch(url, { credentials: "include", ...options }).then(({ type }) => type, () => "kept from the script"))));

const JSON_BODY = { headers: { "Content-Type": "application/json" } };
const ASKED_BEFORE = [
  [CURRENT, { method: "DELETE" }],
  ["/api/sessions", { method: "DELETE" }],
  [INCREMENT, { method: "POST", body: '{"by":1}', ...JSON_BODY }],
  [`${CURRENT}/variables/counter`, { method: "PUT", body: "1000", ...JSON_BODY }],
  [`${CURRENT}/variables`, { method: "DELETE" }],
  ["/api/items", { method: "POST", body: '{"name":"Poison"}', ...JSON_BODY }],
  ["/api/users/me", { method: "PATCH", body: '{"username":"mallory"}', ...JSON_BODY }],
];
const WITHOUT_ASKING = [
  [INCREMENT, { method: "POST", mode: "no-cors", body: '{"by":1}' }],
  [INCREMENT, { method: "POST", mode: "no-cors" }],
  ["/api/items", { method: "POST", mode: "no-cors", body: '{"name":"Poison"}' }],
  ["/lessons/000/users", { method: "POST", mode: "no-cors", body: '{"username":"mallory","password":"four quiet words"}' }],
  ...DEMOS.map((path) => [path, { mode: "no-cors" }]),
];
const toTheService = (attempts) => attempts.map(([path, options]) => [ORIGIN + path, options]);

async function mallory() {
  const credentials = { username: `mallory-${process.pid}-${Math.random().toString(36).slice(2)}`, password: "four quiet words here" };
  await elsewhere("POST", "/api/users", { body: credentials });
  return credentials;
}

for (const [kind, host] of Object.entries(STRANGERS)) {
  const isSameSite = host === hostname;

  scene(`forms on ${kind} change nothing`, async (ada) => {
    const had = await hasPossessions(ada);
    const { page, open, sent } = await strangersPage(ada, host);
    for (const form of FORMS(await mallory())) {
      await submits(page, form);
      await open();
    }
    const requests = await sent();
    assert.equal(requests.some(({ cookie }) => cookie), isSameSite, "whether the cookie went along");
    // Without the cookie, what reaches the service is a visitor's attempt: no JSON, or no session.
    await nothingIsLost(ada, had, requests, isSameSite ? [403, 415] : [401, 403, 415]);
  });

  scene(`scripts on ${kind} change nothing and can read nothing`, async (ada) => {
    const had = await hasPossessions(ada);
    const { page, sent } = await strangersPage(ada, host);
    const answers = await page.evaluate(fetchAll, toTheService(ASKED_BEFORE));
    assert.deepEqual([...new Set(answers)], ["kept from the script"]);
    const told = await page.evaluate(fetchAll, toTheService(WITHOUT_ASKING));
    assert.ok(told.every((type) => type !== "basic" && type !== "cors"), `${told}`);
    const requests = (await sent()).filter(({ what }) => !what.startsWith("OPTIONS"));
    assert.ok(requests.every(({ what }) => /^(GET|POST) /.test(what)), "the browser asked before, and was told no");
    // Only who has a session is told that it is the page that may not.
    const { status } = requests.find(({ what }) => what === "POST /api/items");
    assert.equal(status, isSameSite ? 403 : 401, "whether the cookie went along");
    await nothingIsLost(ada, had, requests, isSameSite ? [403, 415] : [401, 403, 415]);
  });

  scene(`images and links on ${kind} change nothing`, async (ada) => {
    const had = await hasPossessions(ada);
    const { page, open, asked, sent } = await strangersPage(ada, host);
    await page.evaluate((urls) => Promise.all(urls.map((url) => new Promise((done) => {
      Object.assign(new Image(), { onload: done, onerror: done, src: url });
    }))), DEMOS.map((path) => ORIGIN + path));
    for (const path of DEMOS) {
      await page.evaluate((url) => {
        const link = document.createElement("a");
        link.href = url;
        document.body.append(link);
        link.click();
      }, ORIGIN + path);
      await page.waitForURL(ORIGIN + path);
      await open();
    }
    assert.deepEqual(asked, [...DEMOS, ...DEMOS]);
    // The browser keeps from the page what is no image, so of those it tells no answer.
    const requests = await sent();
    // A link that is followed takes a Lax cookie along, from whatever site.
    assert.equal(requests.filter(({ cookie }) => cookie).length, DEMOS.length);
    await nothingIsLost(ada, had, requests, [403]);
  });

  scene(`a page with the origin null on ${kind} changes nothing`, async (ada) => {
    const had = await hasPossessions(ada);
    const { page, sent } = await strangersPage(ada, host);
    const script = `<script>
      const all = ${fetchAll};
      all(${JSON.stringify(toTheService([...ASKED_BEFORE, ...WITHOUT_ASKING]))})
        .then((told) => parent.postMessage([origin, told], "*"));
    <\/script>`;
    const told = await page.evaluate((html) => Promise.all([
      { sandbox: "allow-scripts", srcdoc: html },
      { src: `data:text/html,${encodeURIComponent(html)}` },
    ].map((attributes) => new Promise((done) => {
      const frame = document.createElement("iframe");
      for (const [name, value] of Object.entries(attributes)) frame.setAttribute(name, value);
      addEventListener("message", ({ source, data }) => source === frame.contentWindow && done(data));
      document.body.append(frame);
    }))), script);
    assert.deepEqual(told.map(([origin]) => origin), ["null", "null"]);
    assert.ok(told.flatMap(([, types]) => types).every((type) => type !== "basic" && type !== "cors"));
    const requests = (await sent()).filter(({ what }) => !what.startsWith("OPTIONS"));
    await nothingIsLost(ada, had, requests, [401, 403, 415]);
  });

  scene(`a page on ${kind} cannot start a session in this browser`, async (ada) => {
    const { page, open, sent } = await strangersPage(ada, host);
    for (const form of FORMS(await mallory())) {
      await submits(page, form);
      await open();
    }
    await page.evaluate(fetchAll, toTheService([...ASKED_BEFORE, ...WITHOUT_ASKING]));
    assert.ok((await sent()).length > DEMOS.length);
    assert.equal(await ada.cookie(), undefined);
    await ada.page.reload();
    await ada.sees("#credentials");
    await ada.sees("#variables-whose", "Not signed in.");
  });
}

scene("a page of the same origin can do what pages of other origins cannot", async (ada) => {
  const had = await hasPossessions(ada);
  const types = await ada.page.evaluate(fetchAll, [[INCREMENT, ASKED_BEFORE[2][1]], ["/increment", {}]]);
  assert.deepEqual(types, ["basic", "basic"]);
  const { read } = await possessions(ada);
  assert.notDeepEqual(read, had.read);
  assert.deepEqual(read.at(-1).body.items.map(({ name, value }) => [name, value]), [["count", 1], ["counter", 2]]);
});
