// The lesson about sign-in at a provider. Only `daypass lesson oauth` has the provider that it needs.

import { byId, element, onPress } from "./dom.js";
import { goToProvider } from "./provider-sign-in.js";
import { allProviders, onProviders } from "./providers.js";
import { formatted } from "./schema.js";

const NAME = "lesson";

const STEPS = [
  {
    title: "Start",
    text: "The browser opens `/api/oidc/lesson/start`. The service creates three random values: `state` ties the response to " +
      "this browser, `nonce` ties the ID token to this sign-in, and the code verifier ties the code to it (PKCE). It keeps " +
      "them in an encrypted cookie for ten minutes.",
  },
  {
    title: "Authorization request",
    text: "The service sends the browser to the provider. The address has `client_id`, `redirect_uri`, `scope`, `state`, " +
      "`nonce` and the code challenge, which is the SHA-256 hash of the code verifier. Scripts cannot read this redirect. " +
      "The form of the provider shows its parameters.",
  },
  {
    title: "Return",
    text: "The provider sends the browser to `/api/oidc/lesson/callback` with a `code`, the `state` and `iss`. The service " +
      "compares `state` with the cookie, and `iss` with the provider. The code alone is of no use: it works once, for a " +
      "short time, with secrets that the browser does not have.",
  },
  {
    title: "Token request",
    text: "The service sends the code, the code verifier and its client secret directly to the provider. The browser does not " +
      "see this request. The provider computes the hash of the code verifier and compares it with the code challenge.",
  },
  {
    title: "ID token",
    text: "The response has the ID token, a signed statement about who you are. The service checks the signature with the " +
      "provider’s public key, then `iss`, `aud`, `exp` and `nonce`. It finds your account by `iss` and `sub`, not by the " +
      "e-mail address.",
  },
  {
    title: "Session",
    text: "The service begins a session like any other. With the cookie, the response sets it. With the header, the page gets " +
      "a code after the `#` of its address, which no server sees, and exchanges it for the session token. The claim `idp` of the " +
      "session token is the name of the provider.",
  },
];

const FLOW_INVALID = "400 flow_invalid";
const EXCHANGE_FAILED = "502 provider_failed: exchanging the code failed";
const ID_TOKEN_REFUSED = "502 provider_failed: checking the ID token failed";

// What is broken, the result, and what the check prevents.
const DEFECTS = [
  ["state", FLOW_INVALID, "An attacker makes your browser open a callback with the attacker’s code. You would use the attacker’s account."],
  ["iss", FLOW_INVALID, "One of several providers belongs to an attacker, and the service sends it the code of another provider (mix-up)."],
  ["code challenge (PKCE)", EXCHANGE_FAILED, "An attacker inserts your code into a sign-in of another browser."],
  ["nonce", ID_TOKEN_REFUSED, "An ID token of another sign-in is used again."],
  ["audience", ID_TOKEN_REFUSED, "Another service uses the ID token that you sent it, to sign in here as you."],
  ["times", ID_TOKEN_REFUSED, "Someone finds an old ID token and uses it."],
  ["signature", ID_TOKEN_REFUSED, "Someone writes an ID token for another person."],
  ["alg: none", ID_TOKEN_REFUSED, "The same, with a header that says that no signature is needed."],
  ["nothing: choose “Refuse”", "403 provider_denied", "You can refuse. The service learns only that."],
];

export function openLesson() {
  byId("lesson-steps").append(...STEPS.map(step));
  byId("lesson-defects").append(...DEFECTS.map(defect));
  onPress(byId("start-lesson"), () => goToProvider(teachingProvider().startUrl));
  onProviders(() => { byId("lesson").hidden = !teachingProvider(); });
}

const teachingProvider = () => allProviders().find(({ name }) => name === NAME);

const step = ({ title, text }, index) => element("li", "lesson-step",
  element("span", "step-number", String(index + 1)),
  element("div", "", element("h3", "", title), element("p", "", ...formatted(text))));

function defect([broken, result, prevented]) {
  const name = element("th", "", broken);
  name.scope = "row";
  return element("tr", "", name, element("td", "", element("code", "", result)), element("td", "", prevented));
}
