import { createPublicKey, type JsonWebKey, type KeyObject, verify } from 'node:crypto';
import { z } from 'zod';
import { type Clock, withinLimit } from '../../kernel/clock.ts';
import { KassaError } from '../../kernel/errors.ts';
import type { Http } from '../../kernel/http.ts';
import type { Log } from '../../kernel/log.ts';
import { readBytes } from '../request/read-body.ts';
import type { SignatureCheck, TokenHeader } from './token.ts';

export interface KeySetOptions {
  readonly url: string;
  readonly http: Http;
  readonly clock: Clock;
  readonly log: Log;
  /** How long the issuer may take to answer; null where time is virtual. */
  readonly limit_ms: number | null;
}

/** Keys are asked for again when they are older than this, and at once, though not more often, for an unknown one. */
const FRESH_MS = 10 * 60_000;
const ASK_EVERY_MS = 30_000;
/** While the issuer does not answer, the keys that it gave last are believed this long. */
const STALE_MAX_MS = 24 * 3_600_000;
const ANSWER_BYTES_MAX = 262_144;
const KEYS_MAX = 100;
const RSA_BITS_MIN = 2_048;

/** The algorithms that are taken, and what a key must be for each: never a shared secret (RFC 8725, 2.1). */
const ALGORITHMS: Readonly<Record<string, { fits(key: KeyObject): boolean; check: Parameters<typeof verify>[0] }>> = {
  RS256: {
    check: 'sha256',
    fits: (key) => key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= RSA_BITS_MIN,
  },
  ES256: {
    check: 'sha256',
    fits: (key) => key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1',
  },
  EdDSA: { check: null, fits: (key) => key.asymmetricKeyType === 'ed25519' },
};

const KeySet = z.object({
  keys: z.array(z.looseObject({ kty: z.string(), kid: z.string().optional() })).max(KEYS_MAX),
});

interface PublicKey {
  readonly kid: string | undefined;
  /** What the issuer says that the key is for; undefined: whatever it fits. */
  readonly alg: unknown;
  readonly key: KeyObject;
}

interface Kept {
  readonly keys: readonly PublicKey[];
  readonly at_ms: number;
}

/**
 * Checks tokens with the public keys that their issuer publishes at an address (RFC 7517): RS256, ES256 and EdDSA. The
 * keys are kept; a token signed with one that is not among them asks for them again, so that issuers may change keys.
 * @throws KassaError `sign_in_unavailable` from the check, when the issuer has not answered and nothing is known.
 */
export function signedByKeySet(options: KeySetOptions): SignatureCheck {
  const { clock, log } = options;
  let kept: Kept | undefined;
  let asked_ms = Number.NEGATIVE_INFINITY;
  let under_way: Promise<void> | undefined;

  const ask = async (): Promise<void> => {
    asked_ms = clock.now().getTime();
    try {
      kept = { keys: await fetchKeys(options), at_ms: clock.now().getTime() };
    } catch (error) {
      log.warn({ err: error, url: options.url }, 'the keys that sign buyers in could not be read');
    }
  };
  const refresh = async (): Promise<void> => {
    if (clock.now().getTime() - asked_ms < ASK_EVERY_MS && under_way === undefined) return;
    under_way ??= ask().finally(() => {
      under_way = undefined;
    });
    await under_way;
  };
  const ageOf = (one: Kept | undefined): number =>
    one === undefined ? Number.POSITIVE_INFINITY : clock.now().getTime() - one.at_ms;
  const known = (header: TokenHeader): PublicKey[] =>
    kept === undefined || ageOf(kept) > STALE_MAX_MS ? [] : kept.keys.filter((one) => belongs(one, header));
  return async (header, signed, signature) => {
    if (typeof header.alg !== 'string' || !Object.hasOwn(ALGORITHMS, header.alg)) return false;
    if (known(header).length === 0) await refresh();
    // Whoever holds a known key does not wait for the issuer.
    else if (ageOf(kept) > FRESH_MS) void refresh();
    if (ageOf(kept) > STALE_MAX_MS) throw unavailable();
    const check = ALGORITHMS[header.alg]?.check ?? null;
    return known(header).some(({ key }) => isSigned(check, { key, signed, signature }));
  };
}

/** A token without a key's name may be signed with any key of its algorithm; there are few. */
function belongs({ kid, alg, key }: PublicKey, header: TokenHeader): boolean {
  const algorithm = ALGORITHMS[String(header.alg)];
  if (algorithm === undefined || !algorithm.fits(key)) return false;
  if (alg !== undefined && alg !== header.alg) return false;
  return header.kid === undefined || header.kid === kid;
}

function isSigned(
  check: string | null | undefined,
  { key, signed, signature }: { readonly key: KeyObject; readonly signed: string; readonly signature: Buffer },
): boolean {
  // A JWT holds the two numbers of an ECDSA signature side by side (RFC 7518, 3.4); other keys ignore the word.
  return verify(check, Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }, signature);
}

async function fetchKeys({ url, http, clock, log, limit_ms }: KeySetOptions): Promise<PublicKey[]> {
  const text = await withinLimit({ clock, limit_ms }, async () => {
    const answer = await http(new Request(url, { headers: { Accept: 'application/json' } }));
    if (answer.status !== 200) throw new Error(`the address answered ${answer.status}`);
    return new TextDecoder().decode(await readBytes(answer, ANSWER_BYTES_MAX));
  });
  const { keys } = KeySet.parse(JSON.parse(text));
  return keys.flatMap(({ kid, alg, use, key_ops, ...jwk }) => {
    const is_for_signing = use === undefined || use === 'sig';
    const verifies = !Array.isArray(key_ops) || key_ops.includes('verify');
    const key = is_for_signing && verifies ? publicKeyOf(jwk, log) : undefined;
    return key === undefined ? [] : [{ kid, alg, key }];
  });
}

/** Undefined for a key of a sort that we do not take, and for a broken one: issuers publish good ones beside it. */
function publicKeyOf(jwk: { readonly kty: string }, log: Log): KeyObject | undefined {
  if (!['RSA', 'EC', 'OKP'].includes(jwk.kty)) return undefined;
  try {
    return createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
  } catch (error) {
    log.warn({ err: error, kty: jwk.kty }, 'a key that signs buyers in cannot be used');
    return undefined;
  }
}

function unavailable(): KassaError {
  return new KassaError('sign_in_unavailable', 'Who you are cannot be checked right now. Please try again.', {
    retry_after_s: 5,
  });
}
