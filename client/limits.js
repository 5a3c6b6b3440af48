// The server's rate limits, from its headers: how many attempts are left, and when the next one is allowed.

import { element } from "./dom.js";

const FEW = 5;

/** For example "3 tries left.", or nothing while more than 5 are left. The lowest of several limits counts. */
export function triesLeft(headers) {
  const left = [...(headers?.get("RateLimit") ?? "").matchAll(/;\s*r=(\d+)/g)].map(([, count]) => Number(count));
  const least = Math.min(...left);
  if (least > FEW) return "";
  if (least === 0) return "No tries left for now.";
  return least === 1 ? "1 try left." : `${least} tries left.`;
}

/** The seconds of `Retry-After`, also if a proxy sent a date. 0 if there is none. */
export function secondsToWait(headers) {
  const value = headers?.get("Retry-After") ?? "";
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return seconds > 0 ? Math.ceil(seconds) : 0;
}

// The forms that are rate limited, each with its countdown timer.
const waiting = new Map();

export const isWaiting = (form) => waiting.has(form);

/** Disables the form for this many seconds and shows a countdown below it. */
export function startCountdown(form, seconds) {
  const until = Date.now() + seconds * 1000;
  const message = form.querySelector(".form-error");
  // Screen readers announce the message once, without each second of the countdown.
  const countdown = element("span", "countdown-text");
  countdown.setAttribute("role", "timer");
  countdown.setAttribute("aria-live", "off");
  disable(form, true);
  tick();
  message.replaceChildren("Too many attempts. Try again in ", countdown);

  function tick() {
    // Use the clock, because browsers slow down timers in background tabs.
    const left = until - Date.now();
    if (left > 0) {
      countdown.textContent = inMinutes(Math.ceil(left / 1000));
      waiting.set(form, setTimeout(tick, left % 1000 || 1000));
    } else {
      release(form);
      message.replaceChildren(element("span", "good", "You can try again now."));
    }
  }
}

export function release(form) {
  clearTimeout(waiting.get(form));
  if (waiting.delete(form)) disable(form, false);
}

// `aria-disabled`, because the `disabled` attribute would remove the focus from the button.
function disable(form, disabled) {
  const button = form.querySelector("button:not([type=button])");
  if (disabled) button.setAttribute("aria-disabled", "true");
  else button.removeAttribute("aria-disabled");
}

function inMinutes(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return `${hours ? `${hours}:${two(minutes)}` : minutes}:${two(seconds % 60)}`;
}
