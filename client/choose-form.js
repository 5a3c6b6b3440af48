// The choice between the sign-up form and the sign-in form.

import { byId } from "./dom.js";

const forms = [byId("sign-up"), byId("sign-in")];

export function openChoice() {
  for (const choice of document.querySelectorAll("[name=credentials]")) choice.addEventListener("change", () => chooseForm(choice.value));
}

/** Shows one of the two forms. What was typed into the other one stays. */
export function chooseForm(id) {
  const [shown, other] = forms.toSorted((form) => (form.id === id ? -1 : 1));
  byId(`choose-${id}-label`).firstElementChild.checked = true;
  if (!shown.hidden) return;
  for (const name of ["username", "password"]) {
    if (shown.elements[name].value === "") shown.elements[name].value = other.elements[name].value;
  }
  shown.hidden = false;
  other.hidden = true;
}
