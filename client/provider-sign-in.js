// Sign-in at a provider: the way there, and the way back. Both are navigations of this tab, without a pop-up window.

import { startSession, transport } from "./account.js";
import { byId, element, onPress, say } from "./dom.js";
import { exchange } from "./exchange.js";
import { reason } from "./glossary.js";
import { onLink } from "./link.js";
import { allProviders, onProviders, titleElement } from "./providers.js";
import { current, finishSignOut, onChange, start } from "./session.js";
import { optionalMembers } from "./sign-up.js";
import { restored } from "./stored-session.js";

// Asks the page to open the account panel.
const ACCOUNT = "account";

const outcome = byId("account-outcome");
const buttons = byId("provider-buttons");

// The exchange of the code with which the browser came back. It resolves to a failed response, or to null.
let returned = null;
let isStarted = false;

export function openProviderSignIn() {
  onProviders(showButtons);
  onChange(({ state, session }) => {
    showProviders();
    const provider = state === "accepted" ? session.provider : undefined;
    byId("signed-in-with").hidden = !provider;
    if (provider) byId("session-provider").replaceChildren(titleElement(provider));
  });
  document.addEventListener("click", ({ target }) => target.closest(".sign-in-again") && signInAgain());
  openAccountPanel();
  onLink("code", (code) => {
    returned = useCode(code);
    if (isStarted) returned.then(showFailure);
  });
}

/** Starts with the session of a sign-in at a provider, or else with the stored session. */
export async function startWithSession() {
  const failure = await returned;
  isStarted = true;
  start();
  // The stored session replaces the message.
  showFailure(failure);
}

function showButtons() {
  buttons.replaceChildren(...allProviders().map(({ name, startUrl }) => {
    const button = element("button", "", "Sign in with ", titleElement(name));
    button.type = "button";
    onPress(button, () => signIn(name, startUrl));
    return button;
  }));
  showProviders();
}

function showProviders() {
  byId("providers").hidden = allProviders().length === 0 || current().state === "accepted";
}

/** An invitation is sent before, because a link must not contain its code. */
async function signIn(name, startUrl) {
  say(outcome, "");
  const { invitation } = optionalMembers();
  if (!invitation) return goToProvider(startUrl);
  const failure = await finishSignOut();
  if (failure) return say(outcome, reason(failure.problem), "bad");
  const answer = await exchange("POST", `/api/oidc/${encodeURIComponent(name)}/start`, { body: { invitation } });
  if (!answer.ok) return say(outcome, reason(answer.problem), "bad");
  return goToProvider(answer.body.startUrl);
}

/** Users without a password confirm changes with a sign-in at the provider. */
function signInAgain() {
  const { session } = current();
  const { startUrl } = allProviders().find(({ name }) => name === session?.provider) ?? allProviders()[0] ?? {};
  if (startUrl) return goToProvider(startUrl, { fresh: "true" }, ACCOUNT);
}

/** Leaves the page. The browser comes back to it, and `panel` is then opened. */
export async function goToProvider(startUrl, parameters = {}, panel = "") {
  const failure = await finishSignOut();
  if (failure) return say(outcome, reason(failure.problem), "bad");
  const url = new URL(startUrl, location.origin);
  const { carrier = "bearer" } = transport();
  for (const [name, value] of Object.entries({ ...parameters, return_to: thisPage(panel), transport: carrier })) {
    url.searchParams.set(name, value);
  }
  location.assign(url);
}

/** Goes to a provider to add an identity. */
export const addAtProvider = (startUrl) => goToProvider(startUrl, {}, ACCOUNT);

/** The path of this page, in the same size. */
function thisPage(panel) {
  const isPresented = new URLSearchParams(location.search).has("present");
  const names = [isPresented ? "present" : "", panel].filter(Boolean);
  return names.length > 0 ? `/?${names.join("&")}` : "/";
}

/** Exchanges the code of a sign-in for a session. The presented session, which it replaces, ends. */
async function useCode(code) {
  const { token } = restored();
  const answer = await exchange("POST", "/api/sessions/exchange", {
    body: { code },
    // A text that a header cannot contain is no token.
    token: /^[\x21-\x7e]+$/.test(token ?? "") ? token : undefined,
    cookies: true,
    remark: "The browser adds the cookie of this sign-in, which scripts cannot read.",
  });
  if (!answer.ok) return answer;
  startSession(answer, `Signed in as ${answer.body.user.username}.`);
  return null;
}

function showFailure(failure) {
  if (!failure) return;
  const { problem } = failure;
  const isUseless = problem.code === "code_invalid";
  const why = isUseless ? "It was completed before, took too long, or was started in another browser." : reason(problem);
  say(outcome, `The sign-in was not completed. ${why} Start again.`, "bad");
}

/** Opens the account panel, and removes the request for it from the address. */
function openAccountPanel() {
  const query = new URLSearchParams(location.search);
  if (!query.has(ACCOUNT)) return;
  const page = query.has("present") ? "/?present" : "/";
  history.replaceState(history.state, "", page + location.hash);
  byId("account-panel").open = true;
}
