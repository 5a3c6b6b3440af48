// Renews session tokens. A token can be renewed until its session ends, even after the token has expired.

import { exchange } from "./exchange.js";

export const RENEW = "/api/sessions/current/renew";

// The server accepts a cookie only with a JSON content type.
export const RENEW_OPTIONS = { headers: { "Content-Type": "application/json" } };

/** Whether the token of a rejected request has expired, but can be renewed. */
export const isRenewable = ({ renewable }) => renewable === true;

/**
 * Like `exchange`. If the token has expired and can be renewed, renews it, passes the response to `onRenewed`, and
 * repeats the request once. If the renewal fails, its response is the result.
 */
export async function exchangeOrRenew(method, path, options, onRenewed = () => {}) {
  const answer = await exchange(method, path, options);
  if (answer.ok || !isRenewable(answer.problem)) return answer;
  const { token, cookie } = options;
  const renewal = await exchange("POST", RENEW, { ...RENEW_OPTIONS, token, cookie, remark: "Renew the expired token." });
  if (!renewal.ok) return renewal;
  onRenewed(renewal);
  return exchange(method, path, { ...options, token: renewal.body.sessionToken, remark: "Repeated with the renewed token." });
}
