// The three parts of the lesson's token: the header and the claims as text that the user edits, and the signature.

import { byId, onPress, say } from "./dom.js";
import { decode, fromBase64url, toBase64url } from "./jwt.js";
import { canSign, isSigning, keyIdOf, sign, strengthOf } from "./sign.js";

const PARTS = ["header", "claims"];

const NO_CRYPTO = "This page was opened without HTTPS, so the browser has no Web Crypto and cannot sign here. " +
  "Open the page on the machine of the service, at localhost.";
const NOT_SIGNING = "This page signs only with HS256, HS384 and HS512. The signature is empty.";

const written = (value) => JSON.stringify(value, null, 2);

/** The object in the text, or null. */
function objectIn(text) {
  try {
    const value = JSON.parse(text);
    return value !== null && typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

export class TokenEditor {
  #fields = Object.fromEntries(PARTS.map((part) => [part, byId(`jwt-${part}`)]));
  #secret = byId("jwt-secret");
  #signsAgain = byId("jwt-sign");
  // What the user has started with: `{text, encoded}` of the header and of the claims, and a signature if there is one.
  #start;
  #ownSecret = this.#secret.value;
  #signature = "";
  #changes = 0;
  #pending = Promise.resolve();

  constructor() {
    for (const part of PARTS) this.#fields[part].addEventListener("input", () => this.#update());
    this.#secret.addEventListener("input", () => {
      this.#ownSecret = this.#secret.value;
      this.#update();
    });
    this.#signsAgain.addEventListener("change", () => this.#update());
    onPress(byId("jwt-use-kid"), () => this.#useKeyId());
  }

  get token() {
    return `${this.#message()}.${this.#signature}`;
  }

  /** Resolves when the last change is signed. */
  async signed() {
    await this.#pending;
  }

  /** Starts with this header and these claims. */
  start({ header, claims }) {
    const part = (value) => ({ text: written(value), encoded: toBase64url(JSON.stringify(value)) });
    this.#start = { header: part(header), claims: part(claims), signature: null };
    return this.#restore();
  }

  /** Starts with a complete token and keeps its signature. */
  load(token) {
    const { encoded, header, claims } = decode(token);
    const part = (value, text) => ({ text: value ? written(value) : readable(text), encoded: text });
    this.#start = { header: part(header, encoded.header), claims: part(claims, encoded.claims), signature: encoded.signature };
    return this.#restore();
  }

  /** Changes the token that the user has started with. */
  async breakWith(change) {
    await this.#restore();
    const [header, claims] = PARTS.map((part) => objectIn(this.#start[part].text) ?? {});
    const changed = change({ header, claims });
    if (changed.header) this.#fields.header.value = written(changed.header);
    if (changed.claims) this.#fields.claims.value = written(changed.claims);
    if (changed.secret) this.#secret.value = changed.secret;
    this.#signsAgain.checked = !changed.keepsSignature;
    await this.#update();
  }

  async #restore() {
    for (const part of PARTS) this.#fields[part].value = this.#start[part].text;
    this.#secret.value = this.#ownSecret;
    this.#signsAgain.checked = this.#start.signature === null;
    if (this.#start.signature !== null) this.#signature = this.#start.signature;
    await this.#update();
  }

  /** The text of an unchanged part is encoded as before, because its spaces and line breaks may differ. */
  #encoded(part) {
    const { value } = this.#fields[part];
    if (value === this.#start[part].text) return this.#start[part].encoded;
    const object = objectIn(value);
    return toBase64url(object ? JSON.stringify(object) : value);
  }

  #message() {
    return PARTS.map((part) => this.#encoded(part)).join(".");
  }

  #update() {
    for (const part of PARTS) this.#check(part);
    this.#pending = this.#signAndShow();
    return this.#pending;
  }

  /** Says that a part is not JSON. It is encoded nevertheless, so the user sees how the server rejects it. */
  #check(part) {
    const isObject = objectIn(this.#fields[part].value) !== null;
    if (isObject) this.#fields[part].removeAttribute("aria-invalid");
    else this.#fields[part].setAttribute("aria-invalid", "true");
    byId(`jwt-${part}-error`).textContent = isObject ? "" : "Not a JSON object. The server rejects such a token as malformed.";
    byId(`jwt-${part}-encoded`).textContent = this.#encoded(part);
  }

  async #signAndShow() {
    const change = ++this.#changes;
    const alg = objectIn(this.#fields.header.value)?.alg;
    const secret = this.#secret.value;
    const canBeSigned = canSign() && isSigning(alg) && secret !== "";
    const strength = isSigning(alg) ? strengthOf(secret, alg) : null;
    const [signature, keyId] = canBeSigned
      ? await Promise.all([sign(alg, secret, this.#message()), keyIdOf(secret)])
      : ["", ""];
    // A newer change may be signed already.
    if (change !== this.#changes) return;
    if (this.#signsAgain.checked) this.#signature = signature;
    byId("jwt-signature-encoded").textContent = this.#signature || "empty";
    say(byId("jwt-strength"), strength?.text ?? "", strength && (strength.isEnough ? "good" : "bad"));
    say(byId("jwt-signing"), this.#howSigned(alg, secret));
    const isKey = keyId === "" || keyId === objectIn(this.#fields.header.value).kid;
    byId("jwt-key-id").hidden = isKey;
    byId("jwt-key-id-text").textContent = keyId;
  }

  #howSigned(alg, secret) {
    if (!this.#signsAgain.checked) return "The signature is kept. It does not match after a change of the header or the claims.";
    if (alg === "none") return "alg is none, so the signature is empty.";
    if (!isSigning(alg)) return NOT_SIGNING;
    if (!canSign()) return NO_CRYPTO;
    if (secret === "") return "Enter a secret. The signature is empty.";
    return `The signature is ${alg}: an HMAC of the two encoded parts above and your secret.`;
  }

  #useKeyId() {
    const header = objectIn(this.#fields.header.value);
    if (!header) return undefined;
    this.#fields.header.value = written({ ...header, kid: byId("jwt-key-id-text").textContent });
    this.#fields.header.focus();
    return this.#update();
  }
}

/** The text of a part that is not JSON. A part that is not base64url either is shown as it is. */
function readable(encoded) {
  try {
    return fromBase64url(encoded);
  } catch {
    return encoded;
  }
}
