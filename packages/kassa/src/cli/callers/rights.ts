import { nearestHint } from '../../config/config-error.ts';
import { CAPPED, type Capped, type KeyCaps, type KeyKind, SCOPES, type Scope } from '../../domain/keys/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import { decimalFromMinor, minorFromDecimal } from '../../kernel/money.ts';
import { Exit } from '../printer.ts';

const KINDS: readonly KeyKind[] = ['publishable', 'secret', 'agent'];

/** @throws Exit 2 for a word that is no kind of key. */
export function readKind(text: string): KeyKind {
  const kind = KINDS.find((one) => one === text);
  if (kind !== undefined) return kind;
  throw new Exit(2, `--kind is ${KINDS.join(', ')}, not ${JSON.stringify(text)}${nearestHint(text, KINDS) || '.'}`);
}

/**
 * `payments:read,payments:write`, or `all`. A secret or agent key must say what it may do; a publishable one may
 * nothing.
 * @throws Exit 2
 */
export function readScopes(text: string | undefined, kind: KeyKind): Scope[] {
  if (kind === 'publishable') {
    if (text === undefined) return [];
    throw new Exit(2, 'A publishable key has no scopes: it may do what anybody may. Leave --scope away.');
  }
  if (text === undefined) throw new Exit(2, `Say what the key may do: --scope all, or some of ${SCOPES.join(', ')}.`);
  if (text === 'all') return [...SCOPES];
  const scopes = text.split(',').map((word) => {
    const scope = SCOPES.find((one) => one === word.trim());
    if (scope !== undefined) return scope;
    throw new Exit(2, `There is no scope ${JSON.stringify(word)}${nearestHint(word, SCOPES) || '.'}`);
  });
  return SCOPES.filter((scope) => scopes.includes(scope));
}

/**
 * `payment=300usd,day=1000.00usd,refund=50usd`: what one payment, one day and one refund may amount to.
 * @throws Exit 2
 */
export function readCaps(text: string | undefined, kind: KeyKind): KeyCaps {
  if (text === undefined) return {};
  if (kind === 'publishable') throw new Exit(2, 'A publishable key moves no money, so it has no caps.');
  const caps: Partial<Record<Capped, Record<string, number>>> = {};
  for (const word of text.split(',')) {
    const [, name, amount = '', currency = ''] = /^([a-z]+)=([0-9.]+) ?([a-z]{3})$/i.exec(word.trim()) ?? [];
    const capped = CAPPED.find((one) => one === name);
    if (capped === undefined) {
      throw new Exit(
        2,
        `--cap is a list such as payment=300usd,day=1000usd,refund=50usd; ${JSON.stringify(word)} is not.`,
      );
    }
    const money = caps[capped] ?? {};
    if (Object.hasOwn(money, currency.toLowerCase())) throw new Exit(2, `--cap names ${capped} in ${currency} twice.`);
    caps[capped] = { ...money, [currency.toLowerCase()]: minorOf(amount, currency.toLowerCase()) };
  }
  return caps;
}

/** Caps as people read them: `payment 300.00 usd, day 1000.00 usd`. */
export function capsText(caps: KeyCaps): string {
  return CAPPED.flatMap((capped) =>
    Object.entries(caps[capped] ?? {}).map(
      ([currency, minor]) => `${capped} ${decimalFromMinor(minor, currency)} ${currency}`,
    ),
  ).join(', ');
}

function minorOf(amount: string, currency: string): number {
  try {
    return minorFromDecimal(amount, currency);
  } catch (error) {
    if (!(error instanceof KassaError)) throw error;
    throw new Exit(2, `--cap: ${error.message}`);
  }
}
