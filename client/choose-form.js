// The forms of step 1, of which the page shows one: sign-up, sign-in, a forgotten password and a new password.

import { byId } from "./dom.js";
import { current } from "./session.js";

const forms = ["sign-up", "sign-in", "forgot-password", "reset-password"].map(byId);
const choices = document.querySelectorAll("[name=credentials]");

export function openChoice() {
  for (const choice of choices) choice.addEventListener("change", () => chooseForm(choice.value));
}

/** Shows one of the forms. What was typed into the others stays, and the username and the password are copied. */
export function chooseForm(id) {
  const shown = byId(id);
  const previous = forms.find((form) => !form.hidden);
  for (const choice of choices) choice.checked = choice.value === id;
  for (const name of ["username", "password"]) {
    const [field, typed] = [shown, previous].map((form) => form.elements.namedItem(name));
    if (field?.value === "" && typed) field.value = typed.value;
  }
  for (const form of forms) form.hidden = form !== shown;
  showForms();
}

/** A signed-in user sees only the form for a new password, if a link has opened it. */
export function showForms() {
  const { state } = current();
  const isSignedIn = state === "accepted";
  byId("credentials").hidden = state === "loading" || (isSignedIn && byId("reset-password").hidden);
  for (const id of ["choices", "carrier-hint"]) byId(id).hidden = isSignedIn;
}

/** Shows the sign-in form instead of the sign-up form. */
export function leaveSignUp() {
  if (!byId("sign-up").hidden) chooseForm("sign-in");
}
