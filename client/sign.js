// Signs tokens in the browser with Web Crypto, for the lesson. The server never gets the secret.

import { toBase64url } from "./jwt.js";

// The hash of each algorithm, and the minimum size of its key in bits (RFC 7518, section 3.2).
const ALGORITHMS = {
  __proto__: null,
  HS256: { hash: "SHA-256", bits: 256 },
  HS384: { hash: "SHA-384", bits: 384 },
  HS512: { hash: "SHA-512", bits: 512 },
};

const KEY_ID_CHARACTERS = 11;

/** Browsers have Web Crypto only on pages that were opened by HTTPS or on localhost. */
export const canSign = () => globalThis.crypto?.subtle !== undefined;

export const isSigning = (alg) => typeof alg === "string" && alg in ALGORITHMS;

/** Returns the encoded HMAC of the text, the signature of a token. */
export async function sign(alg, secret, text) {
  const algorithm = { name: "HMAC", hash: ALGORITHMS[alg].hash };
  const encoder = new TextEncoder();
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["sign"]);
  return toBase64url(new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(text))));
}

/** Returns the key id that Daypass derives from a secret: an HMAC, so the id does not reveal the secret. */
export const keyIdOf = async (secret) => (await sign("HS256", secret, "daypass key id")).slice(0, KEY_ID_CHARACTERS);

/** Compares the length of the secret with the minimum of the algorithm: `{bits, isEnough, text}`. */
export function strengthOf(secret, alg) {
  const bits = new TextEncoder().encode(secret).length * 8;
  const needed = ALGORITHMS[alg].bits;
  const isEnough = bits >= needed;
  const rule = `RFC 7518, section 3.2, requires at least ${needed} bits for ${alg}.`;
  return {
    bits,
    isEnough,
    text: isEnough
      ? `Long enough: the secret has ${bits} bits. ${rule} It must also be random.`
      : `Too short: the secret has ${bits} bits. ${rule} An attacker with one valid token can test guesses of the secret offline.`,
  };
}
