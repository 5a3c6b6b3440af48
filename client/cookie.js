// The session cookie: what the server asks the browser to store, and what a script can see of it.

import { byId, element, localTime } from "./dom.js";
import { onChange } from "./session.js";

// No script can read the cookie. The page carries its name and whether it is Secure, the sign-in response carries its
// lifetime, and the other attributes never change.
const { cookie, cookieSecure } = document.documentElement.dataset;
const isSecure = cookieSecure === "true";

const attributes = (held) => [
  ["Name", cookie, isSecure
    ? "The prefix __Host- makes the browser require Secure, Path=/ and no Domain."
    : "Without Secure the name has no __Host- prefix, so any host of this domain can set this cookie."],
  ["Value", "hidden", "The session token, the same JWT as in the Authorization header."],
  ["HttpOnly", "set", "No script can read it, not even an injected one."],
  isSecure
    ? ["Secure", "set", "Sent only over TLS. Chromium and Firefox make an exception for localhost. " +
      "Safari does not."]
    : ["Secure", "not set", "In development only, for pages that were opened without TLS: others can read the cookie."],
  ["SameSite", "Lax", "Not sent with requests from other sites, except when you follow a link. Another port of this host is " +
    "the same site, so the server also checks Sec-Fetch-Site."],
  ["Path", "/", "Sent with every request to this host. It has no Domain, so no other host gets it."],
  ["Max-Age", lifetime(held), "Then the browser deletes it. The server rejects its token from then on, also in the " +
    "header."],
];

export function openCookie() {
  byId("refresh-cookie").addEventListener("click", look);
  onChange((held) => {
    const shown = held.carrier === "cookie" && held.state !== "rejected";
    byId("cookie").hidden = !shown;
    byId("cookie-warning").hidden = isSecure;
    byId("stored-token-hint").hidden = held.carrier === "cookie";
    byId("stored-cookie-hint").hidden = held.carrier !== "cookie";
    if (!shown) return;
    byId("cookie-attributes").replaceChildren(...attributes(held).map(member));
    look();
  });
}

function lifetime({ expiresIn, session }) {
  if (!session) return "unknown";
  const seconds = Math.ceil((new Date(session.expiresAt) - new Date(session.createdAt)) / 1000);
  // A cookie whose token can be renewed is stored until the session ends.
  return expiresIn !== null && seconds - expiresIn <= 1 ? `${expiresIn} seconds` : `at most ${seconds} seconds`;
}

/** Shows what a script of this origin finds where it could look for a token. */
function look() {
  byId("cookie-seen").replaceChildren(...[
    ["document.cookie", JSON.stringify(document.cookie), document.cookie === ""
      ? "Empty: scripts cannot read this cookie."
      : "Cookies of other servers on this host. The session cookie is not among them."],
    ["localStorage", names(() => localStorage), "No session token here. daypass.session is only the id of the " +
      "session. It cannot be used to sign in."],
    ["sessionStorage", names(() => sessionStorage), "No session token here either."],
  ].map(member));
}

function names(storage) {
  try {
    return Object.keys(storage()).sort().join(", ") || "empty";
  } catch {
    return "forbidden";
  }
}

const member = ([name, value, explanation]) => element("div", "member",
  element("dt", "", name),
  element("dd", "value", value),
  element("dd", "explanation", explanation));
