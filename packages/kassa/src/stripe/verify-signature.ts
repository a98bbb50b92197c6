import { createHmac, timingSafeEqual } from 'node:crypto';
import { WebhookRefused } from '../domain/payments/gateway.ts';

const AGE_MAX_S = 300;
/** Stripe's clock may run ahead of ours, but not by years: an unlimited future would be a replay for ever. */
const AHEAD_MAX_S = 60;
/** Stripe sends one signature for each active secret; more than this is somebody guessing. */
const SIGNATURES_MAX = 16;
const HEADER_LENGTH_MAX = 4096;

/**
 * Checks that the raw bytes of a webhook were signed with one of our secrets, and lately: HMAC-SHA256 over
 * `<t>.<body>` with the whole `whsec_…` text as key (docs.stripe.com/webhooks; docs/contracts, Webhooks). Schemes
 * other than
 * `v1` are ignored. `at` is our clock. The signature is judged before its time, so that the answer tells a forger
 * nothing about clocks.
 * @throws WebhookRefused with 503 when no secret is configured, otherwise with 400 and the text that the contract
 * fixes.
 */
export function verifySignature(raw: Uint8Array, header: string | null, secrets: readonly string[], at: Date): void {
  const keys = secrets.map((secret) => secret.trim()).filter((secret) => secret !== '');
  if (keys.length === 0) throw new WebhookRefused(503, 'no webhook secret is configured');
  if (header === null || header.trim() === '') throw new WebhookRefused(400, 'missing Stripe-Signature header');
  const signed = parseHeader(header);
  if (!signed || !isSigned(raw, signed, keys)) throw new WebhookRefused(400, 'signature verification failed');
  const age_s = Math.floor(at.getTime() / 1000) - Number(signed.timestamp);
  if (age_s > AGE_MAX_S || age_s < -AHEAD_MAX_S) throw new WebhookRefused(400, 'timestamp outside the tolerance zone');
}

interface SignedHeader {
  /** Seconds, as written: the text itself is part of what was signed. */
  readonly timestamp: string;
  readonly signatures: readonly Buffer[];
}

function parseHeader(header: string): SignedHeader | undefined {
  if (header.length > HEADER_LENGTH_MAX) return undefined;
  const parts = header.split(',').map((part) => {
    const at = part.indexOf('=');
    return { scheme: part.slice(0, Math.max(at, 0)).trim(), value: part.slice(at + 1).trim() };
  });
  const valuesOf = (scheme: string): string[] =>
    parts.filter((part) => part.scheme === scheme).map((part) => part.value);
  const [timestamp, second] = valuesOf('t');
  // Two times would let a reader check one and believe the other.
  if (timestamp === undefined || second !== undefined || !/^[1-9][0-9]{0,11}$/.test(timestamp)) return undefined;
  const signatures = valuesOf('v1').filter((value) => /^[0-9a-f]{64}$/.test(value));
  if (signatures.length === 0 || signatures.length > SIGNATURES_MAX) return undefined;
  return { timestamp, signatures: signatures.map((value) => Buffer.from(value, 'hex')) };
}

/** Compares every signature with every secret, also after a match: the time taken says nothing. */
function isSigned(raw: Uint8Array, signed: SignedHeader, secrets: readonly string[]): boolean {
  let matches = 0;
  for (const secret of secrets) {
    const expected = createHmac('sha256', secret).update(`${signed.timestamp}.`).update(raw).digest();
    for (const signature of signed.signatures) matches += timingSafeEqual(expected, signature) ? 1 : 0;
  }
  return matches > 0;
}
