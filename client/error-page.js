// The page of an error code that rejects tokens: says that the test client can explain the token of this browser. The
// token stays in the browser's storage, and the link does not contain it.

import { byId } from "./dom.js";
import { restored } from "./stored-session.js";

const place = byId("explain-token");

if (restored().token) {
  place.firstElementChild.textContent = "Explain this token";
  place.append(": the test client explains the token that this browser stores.");
}
