import type { KassaError } from '../../kernel/errors.ts';
import type { QuoteWish } from '../house.ts';
import type { Opened } from './attach-session.ts';

/** A buyer's wish to pay, already checked for form by a contract. */
export interface StartCheckout {
  readonly contract: string;
  /** `intent`: the shop's own page collects the method, and there is no page of Stripe behind it. */
  readonly presentation: 'hosted' | 'embedded' | 'elements' | 'intent';
  /** The buyer has not said who they are yet: the order is a draft until `fill-order` completes it. */
  readonly begins_as_draft?: true;
  /** Leaves out what the contract of an embedded page does not name, so that Stripe always leads the buyer on. */
  readonly exact_parameters?: true;
  readonly lines: QuoteWish['lines'];
  readonly quote_id?: string;
  readonly currency?: string;
  readonly coupon_code?: string;
  /** Pay with the credits that the signed-in buyer has. */
  readonly use_credits?: boolean;
  /** What the caller believes it costs: compared, and never the price. */
  readonly claim?: Claim;
  readonly buyer: { readonly user_id?: string; readonly email?: string; readonly email_verified?: boolean };
  /** The key that asks, where a server or an agent does: its caps bound what is charged, and the audit log names it. */
  readonly key?: KeyInUse;
  /** Who pays, as a row of ours that Stripe knows: from `customerOf` or `makeCustomer`. */
  readonly customer?: { readonly id: string };
  /** The buyer wants to pay with the same method again; needs a customer. */
  readonly save_payment_method?: boolean;
  /** A method of the customer's own that the payment begins with; whose it is is asked at Stripe. */
  readonly payment_method_id?: string;
  /** The name by which the caller knows the order. */
  readonly external_reference?: string;
  /** An order of ours to which this one is a later charge. */
  readonly parent_order_id?: string;
  /** Stripe's objects carry `order_id` beside our mark: the caller's reference or, without one, our order's id. */
  readonly order_id_at_stripe?: true;
  /** Where the request came from, sealed: whoever tries cards is counted by it. Absent: nobody counts. */
  readonly opened_from?: string;
  readonly success_url: string | null;
  readonly cancel_url?: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly idempotency?: { readonly scope: string; readonly key: string; readonly request_hash: string };
  /** The contract's 200 body. It is stored under the key, so a repeat gets the same bytes. */
  readonly render: (opened: Opened) => unknown;
  /** The contract's body for a refusal; given, a refusal is stored under the key as well. */
  readonly renderFailure?: (error: KassaError) => { readonly status: number; readonly body: string };
}

export interface Claim {
  /** `list`: the catalogue's prices times their quantities, before coupon and tax; `total`: what is due. */
  readonly of: 'list' | 'total';
  /** Lower case. Absent: whatever it is priced in. */
  readonly currency?: string;
  /**
   * The claimed amount in minor units, once its currency is known. Absent: none is claimed.
   * @throws KassaError `invalid_amount`, for nothing too unless that is the price.
   */
  readonly amountIn?: (currency: string, is_free: boolean) => number;
}

export interface KeyInUse {
  readonly id: string;
  /** Most in one payment and on one day (UTC), minor units by currency; a currency that is not named is not allowed. */
  readonly caps: {
    readonly payment?: Readonly<Record<string, number>>;
    readonly day?: Readonly<Record<string, number>>;
  };
  /** The key itself named an amount that is not the catalogue's. */
  readonly names_amounts: boolean;
}

/** What a request is answered with, the first time and every time. */
export interface Answer {
  readonly status: number;
  /** JSON text. */
  readonly body: string;
  readonly replayed: boolean;
}
