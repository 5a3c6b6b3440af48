// The one door to the server. Every request of the page leaves here, comes back as an answer (never as a rejection),
// and is announced to whoever keeps the record.

import { HEADER as DEVICE } from "./device-token.js";
import { redact, redactHeader, shortenTokens } from "./redact.js";

const PATIENCE_MS = 20_000;

/** Dispatches one "exchange" event per request, its `detail` already free of secrets. */
export const exchanges = new EventTarget();

/**
 * Resolves to `{ok, status, headers, body, problem}`. A refusal carries the server's problem document; silence, a
 * timeout or an answer that is not the API's are told the same way, so that callers know one kind of failure.
 *
 * With `token` it is sent in its name alone. Without, or with `cookies`, the browser adds those it may hold for this
 * origin; `cookie` says that the page knows of one that carries the session. With `course` it is sent as the client of a
 * course sends it: the token without a scheme (the text "null" where there is none), no cookie, a JSON content type also
 * before nothing. A plain text is then as good an answer as JSON.
 */
export async function exchange(method, path, options = {}) {
  const { token, device, body, ifMatch, remark, keepalive, course, cookie = false, cookies = !token } = options;
  const headers = { Accept: "application/json" };
  if (course && token !== undefined) headers.Authorization = String(token);
  else if (token) headers.Authorization = `Bearer ${token}`;
  if (device) headers[DEVICE] = device;
  if (ifMatch) headers["If-Match"] = ifMatch;
  if (body !== undefined || course) headers["Content-Type"] = "application/json";

  const started = performance.now();
  const { answer, text } = await ask(method, path, { headers, body, keepalive, course, cookies });
  exchanges.dispatchEvent(new CustomEvent("exchange", { detail: {
    method,
    path,
    remark,
    cookie,
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

async function ask(method, path, { headers, body, keepalive, course, cookies }) {
  if (/[^\x20-\x7e]/.test(headers.Authorization)) {
    return silence("unsendable", "The browser can not send this token: no header may carry its characters.");
  }
  try {
    const response = await fetch(path, {
      method,
      headers,
      body: JSON.stringify(body),
      cache: "no-store",
      keepalive,
      // Where a token is to speak for the person, a cookie must not answer in its place.
      credentials: cookies && !course ? "same-origin" : "omit",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const text = await response.text();
    return { answer: read(response, text, course), text };
  } catch (cause) {
    return cause.name === "TimeoutError"
      ? silence("timed_out", `The server did not answer within ${PATIENCE_MS / 1000} seconds.`)
      : silence("unreachable", `The server at ${location.origin} does not answer. Is it running?`);
  }
}

const silence = (code, detail) => (
  { answer: { ok: false, status: 0, headers: new Headers(), problem: { code, detail } }, text: "" }
);

function read(response, text, course) {
  const { status, statusText, headers } = response;
  const plain = course && /^text\/plain\b/i.test(headers.get("Content-Type") ?? "");
  const body = plain ? text : parse(headers, text);
  const ok = response.ok && (status === 204 || body !== undefined);
  const problem = ok ? undefined : body ?? {
    code: "not_the_api",
    detail: `The answer, with status ${status}, does not come from the Daypass API. Is a proxy in between?`,
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
