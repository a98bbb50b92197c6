/**
 * The stories that HTTP calls, as types. A contract parses, calls one of these and draws the answer.
 */
export interface Opened {
  readonly order_id: string;
  readonly attempt_id: string;
  readonly session_id: string;
  readonly url: string | null;
  readonly client_secret: string | null;
  readonly total_minor: number;
  readonly currency: string;
}

export interface StartCheckout {
  readonly contract: 'hosted-checkout';
  readonly presentation: 'hosted' | 'embedded' | 'elements';
  readonly lines: readonly { readonly offer_id: string; readonly quantity: number; readonly amount_minor?: number }[];
  readonly quote_id?: string;
  readonly currency?: string;
  readonly claim?: { readonly amount_minor: number; readonly currency: string };
  readonly buyer: { readonly user_id?: string; readonly email?: string };
  readonly success_url: string;
  readonly cancel_url?: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly idempotency?: { readonly scope: string; readonly key: string; readonly request_hash: string };
  readonly render: (opened: Opened) => unknown;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly replayed: boolean;
}

export type AskStripe = 'when_stale' | 'now' | 'never';

export interface CheckoutView {
  readonly order_id: string;
  readonly order_number: number | null;
  readonly order_status: string;
  readonly contract: string;
  readonly status: 'open' | 'complete' | 'expired';
  readonly payment_status: 'unpaid' | 'paid' | 'no_payment_required';
  readonly amount_minor: number;
  readonly currency: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly email: string | null;
  readonly session_id: string;
  readonly hold_expires_at: Date;
  readonly lines: readonly { readonly name: string; readonly quantity: number; readonly total_minor: number }[];
}
