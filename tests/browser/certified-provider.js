// A provider that other people wrote: the certified `oidc-provider`, with one client and a form without passwords.

import { generateKeyPairSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { after } from "node:test";
import { Provider } from "oidc-provider";

export const CLIENT = { id: "daypass", secret: randomBytes(32).toString("base64url") };

/** Starts a provider whose client has this address. It stops after the tests of the file. */
export async function startProvider(address) {
  const provider = new CertifiedProvider(address);
  await provider.listen();
  after(() => provider.close());
  return provider;
}

class CertifiedProvider {
  constructor(address) {
    this.address = address;
    /** The paths of all requests of services and browsers. */
    this.requests = [];
    /** When the last logout token was sent, and when the configuration or the keys were last requested. */
    this.logoutSentAt = null;
    this.readAt = 0;
    /** Why logout tokens could not be delivered. */
    this.errors = [];
    this.keys = [newKey()];
  }

  async listen() {
    this.server = createServer((request, response) => this.handle(request, response)).listen(0, "127.0.0.1");
    await once(this.server, "listening");
    this.issuer = `http://127.0.0.1:${this.server.address().port}`;
    this.configure();
  }

  close() {
    this.server.closeAllConnections();
    this.server.close();
  }

  /** Signs with a new key, and publishes only this key. The sessions at the provider end. */
  rotateKeys() {
    this.keys = [newKey()];
    this.configure();
  }

  configure() {
    this.provider = new Provider(this.issuer, configuration(this));
    this.provider.on("backchannel.error", (_, error) => this.errors.push(error));
  }

  async handle(request, response) {
    const { pathname } = new URL(request.url, this.issuer);
    this.requests.push(pathname);
    if (["/.well-known/openid-configuration", "/jwks"].includes(pathname)) this.readAt = performance.now();
    if (!pathname.startsWith("/interaction/")) return this.provider.callback()(request, response);
    if (request.method === "GET") return respond(response, SIGN_IN);
    const accountId = new URLSearchParams(await text(request)).get("name");
    const result = accountId ? { login: { accountId, amr: ["pwd"] } } : { error: "access_denied" };
    return this.provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  }
}

const configuration = (provider) => ({
  clients: [{
    client_id: CLIENT.id,
    client_secret: CLIENT.secret,
    redirect_uris: [`${provider.address}/api/oidc/acme/callback`],
    post_logout_redirect_uris: [`${provider.address}/`],
    backchannel_logout_uri: `${provider.address}/api/oidc/acme/backchannel-logout`,
    backchannel_logout_session_required: true,
  }],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["preferred_username"] },
  cookies: { keys: ["a key for the cookies of this test"] },
  jwks: { keys: provider.keys },
  pkce: { required: () => true },
  ttl: { Interaction: 600, Grant: 600, Session: 600, AccessToken: 60, IdToken: 60 },
  features: {
    devInteractions: { enabled: false },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: { enabled: true, logoutSource: askWhetherToSignOut, postLogoutSuccessSource: saySignedOut },
  },
  interactions: { url: (_, { uid }) => `/interaction/${uid}` },
  findAccount: (_, name) => ({
    accountId: name,
    claims: () => ({ sub: name, preferred_username: name, email: `${name}@example.com`, email_verified: true }),
  }),
  loadExistingGrant: agree,
  fetch(url, { dispatcher, ...options }) {
    provider.logoutSentAt = performance.now();
    // The dispatcher of the package refuses connections to this machine.
    return fetch(url, options);
  },
});

/** The client belongs to the operator of the provider, so nobody is asked for consent. */
async function agree({ oidc: { client, session, provider } }) {
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope("openid email profile");
  await grant.save();
  return grant;
}

const page = (title, main) => (
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><link rel="icon" href="data:,"><h1>${title}</h1>${main}`);

const SIGN_IN = page("Acme", '<form method="post"><input name="name" aria-label="Name"><button>Sign in</button></form>');

function respond(response, html) {
  response.setHeader("Content-Type", "text/html; charset=utf-8");
  response.end(html);
}

function askWhetherToSignOut(context, form) {
  context.body = page("Sign out of Acme?", `${form}<button form="op.logoutForm" name="logout" value="yes">Yes</button>`);
}

function saySignedOut(context) {
  context.body = page("Signed out", "");
}

function newKey() {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { ...privateKey.export({ format: "jwk" }), kid: randomBytes(8).toString("hex"), use: "sig", alg: "RS256" };
}
