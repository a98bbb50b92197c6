import { assertNoTransaction } from '../../database/index.ts';

/** One short message on its way out: to a phone, or to whoever holds the conversation in which the order was made. */
export interface ShortMessage {
  /** `msg_…`; stays the same however often the message is tried, so that whoever receives it twice can tell. */
  readonly id: string;
  readonly topic: string;
  /** A phone number with its country, such as `+15551234567`; null when only the conversation is known. */
  readonly to: string | null;
  readonly text: string;
  /** The caller's own reference, or Kassa's id: the one that the text names. */
  readonly order_id: string;
  readonly kassa_order_id: string;
  readonly contract: string;
  /** What the caller noted on the payment; a conversation's id may be among it. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly created_at: Date;
}

/** The way short messages leave the house. */
export interface Messenger {
  /** `sent`: a provider has taken it. `caught`: it stays in the inbox page. @throws Error when neither is certain. */
  send(message: ShortMessage): Promise<'sent' | 'caught'>;
}

/** Keeps every message at home: without KASSA_SMS_URL nothing leaves, and the inbox page shows what would have. */
export function catchingMessenger(): Messenger {
  return {
    async send() {
      assertNoTransaction();
      return 'caught';
    },
  };
}
