// What all forms of the page share: one submission at a time, the server's refusals at their fields, reveal buttons.

import { element } from "./dom.js";
import { holdBack, isHeldBack, release, secondsToWait, triesLeft } from "./limits.js";

// Refusals of a whole request that a person would look for at one field.
const FIELD_OF = {
  __proto__: null,
  bad_credentials: "password",
  username_taken: "username",
  wrong_password: "currentPassword",
};

/** Runs `submit` for each submission and ignores further ones until it is done, and while the form has to wait. */
export function onSubmit(form, submit) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.getAttribute("aria-busy") === "true" || isHeldBack(form)) return;
    form.setAttribute("aria-busy", "true");
    clearRefusal(form);
    try {
      await submit(form.elements);
    } finally {
      form.removeAttribute("aria-busy");
    }
  });
}

/** What the form's named fields hold, as the body of a request. */
export const values = (form) => Object.fromEntries(new FormData(form));

/** Puts each error of a problem document below its field, the rest below the form, and moves to the first field. */
export function showRefusal(form, { status, problem, headers }) {
  const wait = secondsToWait(headers);
  if (status === 429 && wait) return holdBack(form, wait);
  const errors = problem.errors?.map(({ pointer, detail }) => [pointer?.replace(/^[/?]/, ""), detail])
    ?? [[FIELD_OF[problem.code], problem.detail]];
  const unplaced = errors.filter(([name, detail]) => !markField(form, name, detail)).map(([, detail]) => detail);
  if (wait) unplaced.push(`Try again in ${wait === 1 ? "1 second" : `${wait} seconds`}.`);
  form.querySelector(".form-error").textContent = [...unplaced, triesLeft(headers)].filter(Boolean).join(" ");
  form.querySelector("[aria-invalid=true]")?.focus();
}

export function markField(form, name, detail) {
  const input = name && form.elements.namedItem(name);
  if (!input) return false;
  const message = input.closest(".field").querySelector(".field-error");
  message.append(element("span", "", message.textContent ? ` ${detail}` : detail));
  input.setAttribute("aria-invalid", "true");
  return true;
}

export function clearRefusal(form) {
  release(form);
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
  for (const message of form.querySelectorAll(".field-error, .form-error")) message.textContent = "";
}

/** A button that shows what its password field holds, until it is pressed again or the form is sent or emptied. */
export function wireReveals(form) {
  for (const button of form.querySelectorAll(".reveal")) {
    const input = form.querySelector(`#${button.getAttribute("aria-controls")}`);
    const reveal = (shown) => {
      input.type = shown ? "text" : "password";
      button.setAttribute("aria-pressed", String(shown));
    };
    button.addEventListener("click", () => reveal(input.type === "password"));
    // Password managers offer to keep what leaves in a password field.
    form.addEventListener("submit", () => reveal(false));
    form.addEventListener("reset", () => reveal(false));
  }
}
