// Shared form behaviour: one submission at a time, errors next to their fields, buttons that show passwords.

import { element } from "./dom.js";
import { startCountdown, isWaiting, release, secondsToWait, triesLeft } from "./limits.js";

// Errors of a whole request that are shown at one field.
const FIELD_OF = {
  __proto__: null,
  bad_credentials: "password",
  code_invalid: "code",
  email_taken: "code",
  invitation_expired: "invitation",
  invitation_invalid: "invitation",
  invitation_required: "invitation",
  invitation_used_up: "invitation",
  mail_disabled: "email",
  username_taken: "username",
  wrong_password: "currentPassword",
};

/** Runs `submit` for each submission, with the fields and the pressed button. Ignores further ones until it is done, and while the form is rate limited. */
export function onSubmit(form, submit) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.getAttribute("aria-busy") === "true" || isWaiting(form)) return;
    form.setAttribute("aria-busy", "true");
    clearErrors(form);
    try {
      await submit(form.elements, event.submitter);
    } finally {
      form.removeAttribute("aria-busy");
    }
  });
}

/** The values of the named fields, as the body of a request. */
export const values = (form) => Object.fromEntries(new FormData(form));

/** Shows each error of a problem document below its field, the others below the form, and focuses the first field. */
export function showErrors(form, { status, problem, headers }) {
  // A rejected token has closed the panel, and the account panel says why.
  if (form.closest("[hidden]")) return;
  const wait = secondsToWait(headers);
  if (status === 429 && wait) return startCountdown(form, wait);
  const errors = problem.errors?.map(({ pointer, detail }) => [pointer?.replace(/^[/?]/, ""), detail])
    ?? [[FIELD_OF[problem.code], problem.detail]];
  const unplaced = errors.filter(([name, detail]) => !markField(form, name, detail)).map(([, detail]) => detail);
  if (wait) unplaced.push(`Try again in ${wait === 1 ? "1 second" : `${wait} seconds`}.`);
  const message = form.querySelector(".form-error");
  message.textContent = [...unplaced, triesLeft(headers)].filter(Boolean).join(" ");
  if (problem.code === "sign_in_too_old") message.append(" ", againButton());
  form.querySelector("[aria-invalid=true]")?.focus();
}

/** The button for a sign-in at the user's provider. provider-sign-in.js wires it. */
function againButton() {
  const button = element("button", "sign-in-again", "Sign in again");
  button.type = "button";
  return button;
}

export function markField(form, name, detail) {
  const input = name && form.elements.namedItem(name);
  if (!input || input.closest("[hidden]")) return false;
  const message = input.closest(".field").querySelector(".field-error");
  message.append(element("span", "", message.textContent ? ` ${detail}` : detail));
  input.setAttribute("aria-invalid", "true");
  return true;
}

/** Empties the form, also of errors. */
export function empty(form) {
  form.reset();
  clearErrors(form);
}

export function clearErrors(form) {
  release(form);
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
  for (const message of form.querySelectorAll(".field-error, .form-error")) message.textContent = "";
}

/** Buttons that show the password until they are pressed again or the form is sent or reset. */
export function wireReveals(form) {
  for (const button of form.querySelectorAll(".reveal")) {
    const input = form.querySelector(`#${button.getAttribute("aria-controls")}`);
    const reveal = (shown) => {
      input.type = shown ? "text" : "password";
      button.setAttribute("aria-pressed", String(shown));
    };
    button.addEventListener("click", () => reveal(input.type === "password"));
    // Password managers save only values of password fields.
    form.addEventListener("submit", () => reveal(false));
    form.addEventListener("reset", () => reveal(false));
  }
}
