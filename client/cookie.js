// The cookie that carries a session: what the server asked the browser to keep, and what a script can see of it.

import { byId, element, localTime } from "./dom.js";
import { onChange } from "./session.js";

// No script can read what the browser keeps. This is what the service asks for: its name, and whether it is Secure,
// come with the page, how long comes with the answer to a sign-in, and the rest is always the same.
const { cookie, cookieSecure } = document.documentElement.dataset;
const isSecure = cookieSecure === "true";

const attributes = (held) => [
  ["Name", cookie, isSecure
    ? "The start of the name is a promise the browser enforces: Secure, the whole path, this host alone."
    : "With COOKIE_SECURE=false no __Host- begins it, so any host of this domain can plant one."],
  ["Value", "hidden", "The session token, the same JWT that would travel in Authorization."],
  ["HttpOnly", "set", "No script sees it, neither ours nor one that somebody slipped into the page."],
  isSecure
    ? ["Secure", "set", "Sent over TLS alone. For this machine, as localhost, Chromium and Firefox make an exception; " +
      "Safari makes none."]
    : ["Secure", "not set", "COOKIE_SECURE=false, in development alone: sent without TLS too, where others can read it."],
  ["SameSite", "Lax", "Not sent with what other sites ask for, but for following a link. Another port of this host is " +
    "the same site, so the service looks at Sec-Fetch-Site too."],
  ["Path", "/", "Sent with each request to this host. It has no Domain, so no other host gets it."],
  ["Max-Age", lifetime(held), "Then the browser forgets it. The server refuses its token from then on, with or without " +
    "a cookie."],
];

export function openCookie() {
  byId("look-again").addEventListener("click", look);
  onChange((held) => {
    const shown = held.carrier === "cookie" && held.standing !== "refused";
    byId("cookie").hidden = !shown;
    byId("kept-token").hidden = held.carrier === "cookie";
    byId("kept-cookie").hidden = held.carrier !== "cookie";
    if (!shown) return;
    byId("cookie-holder").textContent = held.user?.username ?? "of somebody the server has not named yet";
    byId("cookie-ends").textContent = held.session ? localTime(new Date(held.session.expiresAt)) : "unknown";
    byId("cookie-attributes").replaceChildren(...attributes(held).map(member));
    look();
  });
}

function lifetime({ expiresIn, session }) {
  if (expiresIn !== null) return `${expiresIn} seconds`;
  if (!session) return "unknown";
  const milliseconds = new Date(session.expiresAt) - new Date(session.createdAt);
  return `${Math.round(milliseconds / 1000)} seconds at most`;
}

/** What a script of this origin gets where it could look for a token. */
function look() {
  byId("cookie-seen").replaceChildren(...[
    ["document.cookie", JSON.stringify(document.cookie), document.cookie === ""
      ? "Empty: the cookie is not among those that scripts may read."
      : "Cookies of others on this host, which their servers let scripts read. Ours is not among them."],
    ["localStorage", names(() => localStorage), "No session token is among these. daypass.session is the id of the " +
      "session: it names it, and lets nobody in."],
    ["sessionStorage", names(() => sessionStorage), "Nor here."],
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
