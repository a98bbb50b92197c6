import { createHmac } from 'node:crypto';
import { assertNoTransaction } from '../../database/index.ts';
import type { Http } from '../../kernel/http.ts';
import { type TimeLimit, withinLimit } from '../time-limit.ts';
import type { Messenger, ShortMessage } from './messenger.ts';

/** A provider that has not answered by then is asked again later; nobody waits for it but the next message. */
export const SMS_LIMIT_MS = 10_000;

export interface Provider extends TimeLimit {
  /** https, or http on this computer; already checked by the configuration. */
  readonly url: string;
  readonly secret: string;
  readonly http: Http;
}

/**
 * Posts each message as JSON to one address, which the shop points at its provider or at its own agent. What is posted
 * carries the message's id as `Idempotency-Key`, and `Kassa-Signature: t=<seconds>,v1=<HMAC-SHA256 of "t.body">`
 * (docs/notifications.md). Taken means a status of 2xx; everything else is tried again by the outbox.
 */
export function httpMessenger({ url, secret, http, ...limit }: Provider): Messenger {
  const { address, credentials } = splitCredentials(url);
  return {
    async send(message) {
      assertNoTransaction();
      const body = JSON.stringify(message);
      const given_up = new AbortController();
      const request = new Request(address, {
        method: 'POST',
        headers: { ...credentials, ...headersOf(message, body, { secret, at: limit.clock.now() }) },
        body,
        redirect: 'manual',
        signal: given_up.signal,
      });
      try {
        const answer = await withinLimit(limit, () => http(request));
        await answer.body?.cancel();
        if (answer.ok) return 'sent';
        throw new Error(`the address of KASSA_SMS_URL answered ${answer.status}`);
      } finally {
        // Whatever still hangs in the air is let go of; an answer that was read to its end does not mind.
        given_up.abort();
      }
    },
  };
}

/** `https://user:password@sms.example/send`, as many providers hand it out; a request's address may not hold them. */
function splitCredentials(url: string): { address: string; credentials: Record<string, string> } {
  const address = new URL(url);
  const pair = `${decodeURIComponent(address.username)}:${decodeURIComponent(address.password)}`;
  address.username = '';
  address.password = '';
  const credentials = pair === ':' ? {} : { Authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
  return { address: address.href, credentials };
}

function headersOf(message: ShortMessage, body: string, by: { secret: string; at: Date }): Record<string, string> {
  const t = Math.floor(by.at.getTime() / 1000);
  const v1 = createHmac('sha256', by.secret).update(`${t}.${body}`).digest('hex');
  return {
    'Content-Type': 'application/json',
    'Idempotency-Key': message.id,
    'Kassa-Signature': `t=${t},v1=${v1}`,
  };
}
