// The server's limits on attempts, as its headers tell them: how many are left, and when the next may be made.

import { element } from "./dom.js";

const FEW = 5;

/** "3 tries left." once they become few; nothing where no limit is near. Of several limits the nearest counts. */
export function triesLeft(headers) {
  const left = [...(headers?.get("RateLimit") ?? "").matchAll(/;\s*r=(\d+)/g)].map(([, count]) => Number(count));
  const least = Math.min(...left);
  if (least > FEW) return "";
  if (least === 0) return "No tries left for now.";
  return least === 1 ? "1 try left." : `${least} tries left.`;
}

/** What `Retry-After` asks for, in whole seconds, also where a proxy wrote it as a date; 0 where it asks nothing. */
export function secondsToWait(headers) {
  const value = headers?.get("Retry-After") ?? "";
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return seconds > 0 ? Math.ceil(seconds) : 0;
}

// The forms that have to wait, each with the timer of its next second.
const waiting = new Map();

export const isHeldBack = (form) => waiting.has(form);

/** Lets the form rest for so many seconds, and counts them down below it. Other forms go on. */
export function holdBack(form, seconds) {
  const until = Date.now() + seconds * 1000;
  const message = form.querySelector(".form-error");
  // Said once, with the message around it; inside, a timer is not a live region.
  const countdown = element("span", "countdown-text");
  countdown.setAttribute("role", "timer");
  countdown.setAttribute("aria-live", "off");
  disable(form, true);
  tick();
  message.replaceChildren("Too many attempts. Try again in ", countdown);

  function tick() {
    // The clock decides, since a browser slows down the timers of a tab that nobody looks at.
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

// Not the attribute of HTML: that would take the focus from whoever has just pressed the button.
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
