import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { meta } from "./dom";

/**
 * What this browser keeps of what somebody typed or opened lies in it sealed. The key is in the pages of that person's
 * session and nowhere else: when the session is over, what lies here says nothing to anybody, and when the same person
 * logs in again it can be read again. (Not WebCrypto: it answers later, and a page that closes has no later.)
 */
const NONCE = 24;
const bytes = (text: string): Uint8Array => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const text = (data: Uint8Array): string => btoa(Array.from(data, (b) => String.fromCharCode(b)).join(""));

function key(): Uint8Array | null {
  const given = meta("draft-key");
  return given ? bytes(given) : null;
}

export function seal(value: unknown): string | null {
  const mine = key();
  if (!mine) return null;
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE));
  const sealed = xchacha20poly1305(mine, nonce).encrypt(new TextEncoder().encode(JSON.stringify(value)));
  const whole = new Uint8Array(NONCE + sealed.length);
  whole.set(nonce);
  whole.set(sealed, NONCE);
  return text(whole);
}

/** null for what was sealed by another key, changed, or never sealed. */
export function unseal(kept: string | null): unknown {
  const mine = key();
  if (!mine || !kept) return null;
  try {
    const whole = bytes(kept);
    const plain = xchacha20poly1305(mine, whole.subarray(0, NONCE)).decrypt(whole.subarray(NONCE));
    return JSON.parse(new TextDecoder().decode(plain));
  } catch {
    return null;
  }
}
