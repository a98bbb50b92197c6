/**
 * What the developer's pages show, in the shape that the reports hand over. Times are dates, money is minor units,
 * ids are UUIDs; the pages draw them as people read them.
 */
export interface OrderRow {
  readonly id: string;
  /** Given when the order is paid; null before. */
  readonly number: number | null;
  readonly status: string;
  readonly review_reason: string | null;
  readonly contract: string;
  readonly email: string | null;
  readonly total_minor: number;
  readonly currency: string;
  readonly created_at: Date;
  readonly lines: readonly { readonly name: string; readonly quantity: number }[];
}

export interface OrderPage {
  readonly orders: readonly OrderRow[];
  /** Cursor of the next page; undefined on the last one. */
  readonly next: string | undefined;
}

/** One row of an order's timeline. */
export interface StoryStep {
  readonly at: Date;
  /** Such as `request`, `hold`, `session`, `payment`, `webhook`, `order`, `hook`, `mail`, `timer`, `refund`. */
  readonly kind: string;
  readonly title: string;
  readonly detail: string | null;
  readonly state: 'ok' | 'waiting' | 'failed' | 'info';
  /** The row behind it, shown as JSON; secrets are already left out. */
  readonly json: unknown;
}

export interface StoryLine {
  readonly name: string;
  readonly quantity: number;
  readonly unit_minor: number;
  readonly total_minor: number;
}

export interface OrderStory {
  readonly order: OrderRow & {
    readonly version: number;
    readonly subtotal_minor: number;
    readonly discount_minor: number;
    readonly tax_minor: number;
    readonly credits_minor: number;
    readonly hold_expires_at: Date;
    readonly paid_at: Date | null;
    readonly session_id: string | null;
  };
  readonly lines: readonly StoryLine[];
  readonly steps: readonly StoryStep[];
}

export interface NotificationRow {
  readonly id: string;
  readonly order_id: string;
  readonly order_number: number | null;
  readonly channel: 'mail' | 'sms';
  readonly recipient: string;
  readonly subject: string | null;
  readonly state: 'rendered' | 'sent' | 'caught';
  readonly created_at: Date;
}

export interface NotificationPage {
  readonly notifications: readonly NotificationRow[];
  readonly next: string | undefined;
}

export interface NotificationView extends NotificationRow {
  readonly text_body: string;
  readonly html_body: string | null;
  readonly sent_at: Date | null;
}

/** What a person must look at. Each list holds at most 50 rows, oldest first; `counts` tells how many there are. */
export interface Trouble {
  readonly counts: { readonly parked_events: number; readonly parked_deliveries: number; readonly reviews: number };
  readonly parked_events: readonly { id: string; type: string; at: Date; attempts: number; error: string | null }[];
  readonly parked_deliveries: readonly {
    id: string;
    order_id: string;
    destination: string;
    at: Date;
    attempts: number;
    error: string | null;
  }[];
  readonly reviews: readonly { order_id: string; number: number | null; reason: string; at: Date }[];
}

/** Whether the house can take an order now. Parts are `database`, `stripe`, `workers` and whatever else is needed. */
export interface Readiness {
  readonly ready: boolean;
  readonly parts: Readonly<Record<string, 'up' | 'down'>>;
}
