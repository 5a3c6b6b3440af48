// Sends every request of the page. A failure is returned, never thrown, and each exchange is dispatched as an event.

import { HEADER as DEVICE } from "./device-token.js";
import { redact, redactHeader, shortenTokens } from "./redact.js";

const TIMEOUT_MS = 20_000;

/** Dispatches one "exchange" event per request. Its `detail` contains no secrets. */
export const exchanges = new EventTarget();

/**
 * Resolves to `{ok, status, headers, body, problem}`. A failed request has the server's problem document. A timeout, no
 * response or a response of another server has a problem of the same form.
 *
 * `token` is sent in `Authorization`, without cookies. Without it, or with `cookies`, the browser adds its cookies;
 * `cookie` marks a request that carries a session cookie. `course` sends the request like the course's client: the token
 * without a scheme (or the text "null"), no cookies, always a JSON content type. The response may then be plain text.
 * `refresh` marks a request that the page sends by itself. `expected` lists error statuses that are no failure.
 */
export async function exchange(method, path, options = {}) {
  const { token, device, body, ifMatch, remark, keepalive, course, cookie = false, cookies = !token } = options;
  const { refresh = false, expected = [] } = options;
  const headers = { Accept: "application/json", ...options.headers };
  if (course && token !== undefined) headers.Authorization = String(token);
  else if (token) headers.Authorization = `Bearer ${token}`;
  if (device) headers[DEVICE] = device;
  if (ifMatch) headers["If-Match"] = ifMatch;
  if (body !== undefined || course) headers["Content-Type"] = "application/json";

  const started = performance.now();
  const { answer, text } = await send(method, path, { headers, body, keepalive, course, cookies });
  exchanges.dispatchEvent(new CustomEvent("exchange", { detail: {
    method,
    path,
    remark,
    cookie,
    refresh,
    expected,
    took: performance.now() - started,
    request: { headers: redactHeaders(Object.entries(headers)), body: redact(body) },
    response: {
      status: answer.status,
      statusText: answer.statusText,
      headers: redactHeaders([...answer.headers]),
      body: answer.body === undefined ? shortenTokens(text) : redact(answer.body),
      failure: answer.status === 0 ? answer.problem.detail : undefined,
    },
  } }));
  return answer;
}

async function send(method, path, { headers, body, keepalive, course, cookies }) {
  if (/[^\x20-\x7e]/.test(headers.Authorization)) {
    return failed("unsendable", "The browser cannot send this token: it has characters that a header cannot contain.");
  }
  try {
    const response = await fetch(path, {
      method,
      headers,
      body: JSON.stringify(body),
      cache: "no-store",
      keepalive,
      // A request with a token must not be authenticated by a cookie.
      credentials: cookies && !course ? "same-origin" : "omit",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await response.text();
    return { answer: read(response, text, course), text };
  } catch (cause) {
    return cause.name === "TimeoutError"
      ? failed("timed_out", `The server did not respond within ${TIMEOUT_MS / 1000} seconds.`)
      : failed("unreachable", `The server at ${location.origin} does not respond. Is it running?`);
  }
}

const failed = (code, detail) => (
  { answer: { ok: false, status: 0, headers: new Headers(), problem: { code, detail } }, text: "" }
);

function read(response, text, course) {
  const { status, statusText, headers } = response;
  const plain = course && /^text\/plain\b/i.test(headers.get("Content-Type") ?? "");
  const body = plain ? text : parse(headers, text);
  const ok = response.ok && (status === 204 || body !== undefined);
  const problem = ok ? undefined : body ?? {
    code: "not_the_api",
    detail: `The response (status ${status}) does not come from the Daypass API. Is there a proxy in between?`,
  };
  return { ok, status, statusText, headers, body, problem };
}

function parse(headers, text) {
  if (!/^application\/(problem\+)?json\b/i.test(headers.get("Content-Type") ?? "")) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const redactHeaders = (pairs) => pairs.map(([name, value]) => [name, redactHeader(name, value)]);
