// The token by which the server knows a browser somebody has signed in from before, so that wrong guesses made
// elsewhere can not lock that person out. It is no session, lets nobody in, and stays when they sign out.

import { byId, say } from "./dom.js";

const KEY = "daypass.device";
export const HEADER = "Daypass-Device";

const box = byId("known-device");

// Where storage is forbidden, what was received last.
let received = null;

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
  const token = stored();
  return /^[\x21-\x7e]+$/.test(token ?? "") ? token : null;
}

/** Keeps what an answer brought; one without a token takes none away. */
export function keepDevice(headers) {
  const token = headers.get(HEADER);
  if (token) store(token);
}

export const forgetDevice = () => store(null);

function render() {
  box.hidden = deviceToken() === null;
}

function stored() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return received;
  }
}

function store(token) {
  received = token;
  try {
    if (token) localStorage.setItem(KEY, token);
    else localStorage.removeItem(KEY);
  } catch { /* see above */ }
  render();
}
