// The sign-in providers of the service, with their titles.

import { element } from "./dom.js";

let providers = [];
const listeners = [];

/** `{name, title, startUrl}` of each provider, in the order of the settings. */
export const allProviders = () => providers;

export function onProviders(listener) {
  listeners.push(listener);
}

/** A server of an older version sends no providers. */
export function setProviders(sent = []) {
  providers = sent;
  for (const shown of document.querySelectorAll("[data-provider]")) shown.textContent = titleOf(shown.dataset.provider);
  for (const listener of listeners) listener();
}

/** The title, or the name if the page has no title of it. The operator may have removed the provider. */
export const titleOf = (name) => providers.find((provider) => provider.name === name)?.title ?? name;

/** The title as an element, also if the page gets the titles later. */
export function titleElement(name) {
  const shown = element("span", "provider-title", titleOf(name));
  shown.dataset.provider = name;
  return shown;
}
