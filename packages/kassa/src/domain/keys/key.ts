import type { Random } from '../../kernel/random.ts';

/** `publishable` names the shop, `secret` is a server of the shop's own, `agent` is a program that acts by itself. */
export type KeyKind = 'publishable' | 'secret' | 'agent';

/** What a secret or agent key may do (docs/callers.md). Publishable keys have none of these. */
export const SCOPES = [
  'payments:read',
  'payments:write',
  'refunds:write',
  'customers:read',
  'customers:write',
  'prices:custom',
] as const;
export type Scope = (typeof SCOPES)[number];

/** What a cap limits: one payment, all payments of one day (UTC), one refund. */
export const CAPPED = ['payment', 'day', 'refund'] as const;
export type Capped = (typeof CAPPED)[number];

/** Minor units by lower-case currency. Where a cap names currencies, no other one is allowed at all. */
export type KeyCaps = Readonly<Partial<Record<Capped, Readonly<Record<string, number>>>>>;

/** A key as its owner sees it: the key itself was shown once and is kept as a hash. */
export interface ApiKey {
  readonly id: string;
  readonly tenant_id: string;
  readonly kind: KeyKind;
  readonly name: string;
  readonly last_four: string;
  readonly scopes: readonly Scope[];
  readonly caps: KeyCaps;
  readonly created_at: Date;
  readonly last_used_at: Date | null;
  readonly revoked_at: Date | null;
}

const LETTERS: Readonly<Record<KeyKind, string>> = { publishable: 'pk', secret: 'sk', agent: 'ak' };
const KIND_OF: Readonly<Record<string, KeyKind>> = { pk: 'publishable', sk: 'secret', ak: 'agent' };
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const KEY_BYTES = 32;
/** 52 letters of five bits hold 256 bits. */
const FORM = /^kassa_(pk|sk|ak)_(test|live)_[0-9a-hjkmnp-tv-z]{52}$/;

/** A fresh key with 256 bits of chance. It is shown to its owner and kept nowhere. */
export function makeKey(kind: KeyKind, mode: 'test' | 'live', random: Random): string {
  let bits = BigInt(`0x${Buffer.from(random.bytes(KEY_BYTES)).toString('hex')}`);
  let letters = '';
  for (let count = 0; count < 52; count += 1) {
    letters = ALPHABET.charAt(Number(bits & 31n)) + letters;
    bits >>= 5n;
  }
  return `kassa_${LETTERS[kind]}_${mode}_${letters}`;
}

/** What a text says of itself, when it has the form of a key of ours; whether it is one, only the table knows. */
export function readKeyForm(text: string): { readonly kind: KeyKind; readonly mode: 'test' | 'live' } | undefined {
  const [, letters = '', mode] = FORM.exec(text) ?? [];
  const kind = KIND_OF[letters];
  return kind === undefined || (mode !== 'test' && mode !== 'live') ? undefined : { kind, mode };
}
