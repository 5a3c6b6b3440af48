// The device token tells the server that the user has signed in from this browser before, so failed sign-ins from
// elsewhere cannot lock the user out here. It is not a session token and survives sign-out.

import { byId, say } from "./dom.js";
import { store, stored } from "./storage.js";

const KEY = "daypass.device";
export const HEADER = "Daypass-Device";

const box = byId("known-device");

export function openDeviceToken() {
  byId("forget-device").addEventListener("click", () => {
    forgetDevice();
    say(byId("account-outcome"), "Device token deleted. The next sign-in creates a new one.");
    byId("account-title").focus();
  });
  // Follow changes in other tabs. A null key means that the storage was cleared.
  window.addEventListener("storage", ({ key }) => (key === KEY || key === null) && render());
  render();
}

/** The token, or null if there is none or a header cannot contain it. */
export function deviceToken() {
  const token = stored(KEY);
  return /^[\x21-\x7e]+$/.test(token ?? "") ? token : null;
}

/** Stores the token of a response. A response without a token changes nothing. */
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
