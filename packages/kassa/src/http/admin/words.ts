import type { StoryBreak, StoryStep } from '../../domain/reports/index.ts';
import { toTypeId } from '../../kernel/ids.ts';
import { decimalFromMinor } from '../../kernel/money.ts';
import { type Html, html } from './html.ts';

/** Charged in whole units only, so the two decimals that Stripe wants are never shown. */
const SHOWN_WHOLE = new Set(['isk', 'ugx']);

/** `$200.00 USD`: the stored amount, never rounded or added up again; the code says which dollar is meant. */
export function money(amount_minor: number, currency: string): Html {
  return html`<data class="money" value="${amount_minor}">${moneyText(amount_minor, currency)}</data>`;
}

export function moneyText(amount_minor: number, currency: string): string {
  const exact = decimalFromMinor(amount_minor, currency);
  const text = SHOWN_WHOLE.has(currency) ? exact.replace(/\.00$/, '') : exact;
  const digits = text.split('.')[1]?.length ?? 0;
  const format = new Intl.NumberFormat('en', {
    style: 'currency',
    currency: currency.toUpperCase(),
    currencyDisplay: 'narrowSymbol',
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  // A decimal text is formatted digit by digit; a number would pass through a float.
  return `${format.format(text as `${number}`)} ${currency.toUpperCase()}`;
}

/** Both are made when a page first shows a time: until then the languages of the world stay on disk, 8 MB (measured). */
const dayAndTime = once({ dateStyle: 'medium', timeStyle: 'medium' });
const time = once({ hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3 });

function once(shape: Intl.DateTimeFormatOptions): () => Intl.DateTimeFormat {
  let made: Intl.DateTimeFormat | undefined;
  return () => (made ??= new Intl.DateTimeFormat('en-GB', shape));
}

/** The moment in this computer's zone, with the exact one in the attribute. */
export function moment(at: Date): Html {
  return html`<time datetime="${at.toISOString()}">${dayAndTime().format(at)}</time>`;
}

export function timeOfDay(at: Date): Html {
  return html`<time datetime="${at.toISOString()}">${time().format(at)}</time>`;
}

/** What a status means for people; each has a shape besides its colour. */
const STATUS_WORDS: Readonly<Record<string, readonly [mark: string, tone: string, meaning: string]>> = {
  draft: ['○', 'wait', 'the buyer has not said who they are'],
  pending: ['○', 'wait', 'waiting for the buyer'],
  processing: ['◔', 'wait', 'waiting for the bank'],
  paid: ['✓', 'good', 'the money is here'],
  partially_refunded: ['↩', 'calm', 'a part was given back'],
  refunded: ['↩', 'calm', 'everything was given back'],
  expired: ['–', 'calm', 'nothing was charged'],
  canceled: ['–', 'calm', 'nothing was charged'],
};

export const ORDER_STATUSES: readonly string[] = Object.keys(STATUS_WORDS);

export function statusChip(status: string): Html {
  const [mark, tone, meaning] = STATUS_WORDS[status] ?? ['•', 'calm', ''];
  const word = status.replaceAll('_', ' ');
  return html`<span class="chip ${tone}" title="${meaning}"><span aria-hidden="true">${mark}</span> ${word}</span>`;
}

export function reviewChip(reason: string | null): Html | null {
  if (reason === null) return null;
  return html`<span class="chip bad"><span aria-hidden="true">!</span> needs a look: ${reason.replaceAll('_', ' ')}</span>`;
}

export const STEP_MARKS: Readonly<Record<StoryStep['state'], readonly [mark: string, word: string]>> = {
  ok: ['✓', 'done'],
  waiting: ['…', 'waiting'],
  failed: ['!', 'failed'],
  info: ['•', ''],
};

/** An order as people name it: by its number once it has one, else by the end of its id. */
export function orderName(order: { readonly id: string; readonly number: number | null }): string {
  return order.number === null ? `…${order.id.slice(-6)}` : `#${order.number}`;
}

export function orderPath(id: string): string {
  return `/admin/orders/${toTypeId('ord', id)}`;
}

/** Small numbers read faster as words of time: `+0.4 s`, `+2 min`. */
export function sinceStart(at: Date, start: Date): string {
  const ms = at.getTime() - start.getTime();
  if (ms < 1_000) return `+${ms} ms`;
  if (ms < 60_000) return `+${Math.floor(ms / 100) / 10} s`;
  if (ms < 3_600_000) return `+${Math.floor(ms / 60_000)} min`;
  return `+${Math.floor(ms / 3_600_000)} h`;
}

/** Who acts on what Stripe has and no row of ours explains. */
export const WHO_ACTS: Readonly<Record<StoryBreak['owner'], string>> = {
  shop: 'you: kassa adopt, or refund it',
  kassa: 'Kassa tries again by itself',
  operations: 'operations: kassa doctor',
};

/** `12 min`, `5 h`, `3 d`: how long something stands already. */
export function ageOf(since: Date, now: Date): string {
  const hours = Math.floor((now.getTime() - since.getTime()) / 3_600_000);
  return hours >= 48 ? `${Math.floor(hours / 24)} d` : sinceStart(now, since).slice(1);
}
