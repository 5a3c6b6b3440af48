// The token by which the server knows a browser somebody has signed in from before, so that wrong guesses made
// elsewhere can not lock that person out. It is no session, lets nobody in, and stays when they sign out.

import { byId, say } from "./dom.js";
import { store, stored } from "./storage.js";

const KEY = "daypass.device";
export const HEADER = "Daypass-Device";

const box = byId("known-device");

export function openDeviceToken() {
  byId("forget-device").addEventListener("click", () => {
    forgetDevice();
    say(byId("account-outcome"), "This browser forgot its device token. The next sign-in brings a new one.");
    byId("account-title").focus();
  });
  // What another tab did with it; a null key means the whole storage was cleared.
  window.addEventListener("storage", ({ key }) => (key === KEY || key === null) && render());
  render();
}

/** The token as a header can carry it, or null. */
export function deviceToken() {
  const token = stored(KEY);
  return /^[\x21-\x7e]+$/.test(token ?? "") ? token : null;
}

/** Keeps what an answer brought; one without a token takes none away. */
export function keepDevice(headers) {
  const token = headers.get(HEADER);
  if (token) replace(token);
}

export const forgetDevice = () => replace(null);

function replace(token) {
  store(KEY, token);
  render();
}

function render() {
  box.hidden = deviceToken() === null;
}
