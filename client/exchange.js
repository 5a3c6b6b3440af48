// Sends every request of the page. A failure is returned, never thrown, and each exchange is dispatched as an event.

import { HEADER as DEVICE } from "./device-token.js";
import { redactHeader, redactRequest, redactResponse, shortenTokens } from "./redact.js";

const TIMEOUT_MS = 20_000;
const FILE_TIMEOUT_MS = 300_000;

/** Dispatches one "exchange" event per request. Its `detail` contains no secrets. */
export const exchanges = new EventTarget();

// The tokens of rejected requests by the `detail` of their events.
const rejectedTokens = new WeakMap();

/** The complete token that was sent in `Authorization`, if the response was a 401. Show it only if the user asks for it. */
export const rejectedToken = (detail) => rejectedTokens.get(detail);

/**
 * Resolves to `{ok, status, headers, text, body, problem}`. A failed request has the server's problem document. A timeout, no
 * response or a response of another server has a problem of the same form.
 *
 * `token` is sent in `Authorization`, without cookies. Without it, or with `cookies`, the browser adds its cookies;
 * `cookie` marks a request that carries a session cookie. `course` sends the request like the course's client: the token
 * without a scheme (or the text "null"), no cookies, always a JSON content type. The response may then be plain text.
 * `file` marks a request whose response is saved as a file: it may take longer, and its body is not in the event.
 * `refresh` marks a request that the page sends by itself. `expected` lists error statuses that are no failure.
 */
export async function exchange(method, path, options = {}) {
  const { token, device, body, ifMatch, remark, keepalive, course, cookie = false, cookies = !token } = options;
  const { file = false, refresh = false, expected = [] } = options;
  const headers = { Accept: "application/json", ...options.headers };
  if (course && token !== undefined) headers.Authorization = String(token);
  else if (token) headers.Authorization = `Bearer ${token}`;
  if (device) headers[DEVICE] = device;
  if (ifMatch) headers["If-Match"] = ifMatch;
  if (body !== undefined || course) headers["Content-Type"] = "application/json";

  const started = performance.now();
  const answer = await send(method, path, { headers, body, keepalive, course, cookies, file });
  const detail = {
    method,
    path,
    remark,
    cookie,
    refresh,
    expected,
    took: performance.now() - started,
    request: { headers: redactHeaders(Object.entries(headers)), body: redactRequest(body) },
    response: {
      status: answer.status,
      statusText: answer.statusText,
      headers: redactHeaders([...answer.headers]),
      body: file && answer.ok ? "The body is not shown." : bodyOf(answer),
      failure: answer.status === 0 ? answer.problem.detail : undefined,
    },
  };
  if (answer.status === 401 && token) rejectedTokens.set(detail, token);
  exchanges.dispatchEvent(new CustomEvent("exchange", { detail }));
  return answer;
}

const bodyOf = ({ text, body }) => (body === undefined ? shortenTokens(text) : redactResponse(body));

async function send(method, path, { headers, body, keepalive, course, cookies, file }) {
  if (/[^\x20-\x7e]/.test(headers.Authorization)) {
    return failed("unsendable", "The browser cannot send this token: it has characters that a header cannot contain.");
  }
  const timeout = file ? FILE_TIMEOUT_MS : TIMEOUT_MS;
  try {
    const response = await fetch(path, {
      method,
      headers,
      body: JSON.stringify(body),
      cache: "no-store",
      keepalive,
      // A request with a token must not be authenticated by a cookie.
      credentials: cookies && !course ? "same-origin" : "omit",
      signal: AbortSignal.timeout(timeout),
    });
    return read(response, await response.text(), course);
  } catch (cause) {
    return cause.name === "TimeoutError"
      ? failed("timed_out", `The server did not respond within ${timeout / 1000} seconds.`)
      : failed("unreachable", `The server at ${location.origin} does not respond. Is it running?`);
  }
}

const failed = (code, detail) => (
  { ok: false, status: 0, headers: new Headers(), text: "", problem: { code, detail } }
);

function read(response, text, course) {
  const { status, statusText, headers } = response;
  const plain = course && /^text\/plain\b/i.test(headers.get("Content-Type") ?? "");
  const body = plain ? text : parse(headers, text);
  const isEmpty = text === "" && [202, 204].includes(status);
  const ok = response.ok && (isEmpty || body !== undefined);
  const problem = ok ? undefined : body ?? {
    code: "not_the_api",
    detail: `The response (status ${status}) does not come from the Daypass API. Is there a proxy in between?`,
  };
  return { ok, status, statusText, headers, text, body, problem };
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
