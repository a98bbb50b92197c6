import type { KassaError } from '../../kernel/errors.ts';
import type { QuoteWish } from '../house.ts';
import type { Opened } from './attach-session.ts';

/** A buyer's wish to pay, already checked for form by a contract. */
export interface StartCheckout {
  readonly contract: string;
  readonly presentation: 'hosted' | 'embedded' | 'elements';
  readonly lines: QuoteWish['lines'];
  readonly quote_id?: string;
  readonly currency?: string;
  /** What the caller believes the whole costs. A claim, never the price: it must equal the total. Minor units. */
  readonly claim?: { readonly amount_minor: number; readonly currency: string };
  readonly buyer: { readonly user_id?: string; readonly email?: string; readonly email_verified?: boolean };
  readonly success_url: string;
  readonly cancel_url?: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly idempotency?: { readonly scope: string; readonly key: string; readonly request_hash: string };
  /** The contract's 200 body. It is stored under the key, so a repeat gets the same bytes. */
  readonly render: (opened: Opened) => unknown;
  /** The contract's body for a refusal; given, a refusal is stored under the key as well. */
  readonly renderFailure?: (error: KassaError) => { readonly status: number; readonly body: string };
}

/** What a request is answered with, the first time and every time. */
export interface Answer {
  readonly status: number;
  /** JSON text. */
  readonly body: string;
  readonly replayed: boolean;
}
