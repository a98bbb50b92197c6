import { createHmac } from 'node:crypto';
import type { WebhookWorld } from './webhook-wire.ts';

/** Makes events that Stripe never made, signed as Stripe would sign them. */
export interface Forgery {
  /** Bytes signed at this moment, or so much later. */
  signed(text: string, ahead_ms?: number): { raw: Uint8Array; signature: string };
  /** The same event under a second id. */
  twin(raw: Uint8Array): string;
}

export function forgeryOf({ scheduler, secret }: Pick<WebhookWorld, 'scheduler' | 'secret'>): Forgery {
  let clones = 0;
  return {
    signed(text, ahead_ms = 0) {
      const at = Math.floor((scheduler.now() + ahead_ms) / 1000);
      const mark = createHmac('sha256', secret).update(`${at}.${text}`).digest('hex');
      return { raw: new TextEncoder().encode(text), signature: `t=${at},v1=${mark}` };
    },
    twin(raw) {
      clones += 1;
      return new TextDecoder().decode(raw).replace(idIn(raw), `${idIn(raw)}clone${clones}`);
    },
  };
}

export function idIn(raw: Uint8Array): string {
  return /"id": "(evt_[^"]+)"/.exec(new TextDecoder().decode(raw.subarray(0, 200)))?.[1] ?? '';
}

/** What would be money, if anybody believed it. */
export function paid(text: string): string {
  return text.replace('"payment_status": "unpaid"', '"payment_status": "paid"');
}
