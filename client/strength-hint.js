// The password strength shown while a new password is typed. It is a hint only: no form depends on it.

import { element, say } from "./dom.js";
import { GUESSES_A_SECOND, estimate } from "./strength.js";

// The server's default, until the page has the setting of this server.
let minCharacters = 8;

// Screen readers read the text, so it waits for a pause in typing. The meter does not.
const PAUSE_MS = 400;

const ASSUMED = "Assumes that the argon2id hashes are stolen, and that one machine tries likely passwords first, " +
  `${GUESSES_A_SECOND.toLocaleString("en")} a second. A thousand machines are a thousand times faster.`;

const UNITS = [[60, "minute"], [3600, "hour"], [86_400, "day"], [2_629_800, "month"], [31_557_600, "year"]];

/** Changes the number of characters that the hints show as needed. */
export function requireCharacters(count) {
  minCharacters = count;
}

export function wireStrength(form) {
  const hint = form.querySelector(".strength");
  const meter = hint.querySelector("meter");
  const words = hint.querySelector("p");
  const password = form.querySelector("[autocomplete=new-password]");
  const username = form.querySelector("[autocomplete=username]");
  let pause;
  words.title = ASSUMED;

  const hide = () => {
    clearTimeout(pause);
    hint.hidden = true;
    say(words, "");
  };
  // The username matters too: a password must not be made from it.
  form.addEventListener("input", () => {
    if (password.value === "") return hide();
    const { level, name, seconds } = estimate(password.value, username.value);
    meter.value = level;
    meter.setAttribute("aria-valuetext", name);
    hint.dataset.level = level;
    hint.hidden = false;
    clearTimeout(pause);
    pause = setTimeout(() => words.replaceChildren(...sentences(password.value, name, seconds)), PAUSE_MS);
  });
  form.addEventListener("reset", hide);
}

function sentences(password, name, seconds) {
  // Like the server, count code points after normalisation.
  const { length } = [...password.normalize("NFKC")];
  const rate = `${GUESSES_A_SECOND.toLocaleString("en")} guesses a second`;
  return [
    `${length === 1 ? "1 character" : `${length} characters`}, at least ${minCharacters} needed. Estimate: `,
    element("strong", "", name),
    `. With a stolen database, at ${rate}, guessing takes ${inWords(seconds)}.`,
  ];
}

function inWords(seconds) {
  if (seconds < 1) return "less than a second";
  if (seconds < 60) return "less than a minute";
  const [size, unit] = UNITS.findLast(([size]) => seconds >= size);
  const count = Math.round(seconds / size);
  if (count >= 1e6) return "more than a million years";
  return `about ${Number(count.toPrecision(2)).toLocaleString("en")} ${unit}${count === 1 ? "" : "s"}`;
}
