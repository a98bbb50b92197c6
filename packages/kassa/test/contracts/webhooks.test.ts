// Goal: what Stripe says is stored before it is acknowledged, and what Stripe did not say is not stored at all.
// Method: signed and forged requests at both paths of the whole shop; time is virtual. Checks 21 to 36.
import { createHmac } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { ORIGIN, type Shop, startShop } from '../setup/shop.ts';

let shop: Shop | undefined;
afterEach(async () => {
  await shop?.close();
  shop = undefined;
});
const start = async (): Promise<Shop> => {
  shop = await startShop();
  return shop;
};

const SECRET = 'whsec_counter';
const BUY = { stripe_price_id: 'price_123', success_url: `${ORIGIN}/pay` };
const pays = { outcome: 'pays', email: 'ann@example.com' } as const;
const EVENT = {
  id: 'evt_hand',
  object: 'event',
  type: 'customer.created',
  api_version: '2026-10-28.endive',
  created: 1_795_255_200,
  livemode: false,
  pending_webhooks: 1,
  request: { id: null, idempotency_key: null },
  data: { object: { id: 'cus_1', object: 'customer' } },
};

function signature(body: string, at_s: number, secret = SECRET, scheme = 'v1'): string {
  return `t=${at_s},${scheme}=${createHmac('sha256', secret).update(`${at_s}.${body}`).digest('hex')}`;
}

const nowOf = ({ clock }: Shop): number => Math.floor(clock.now() / 1000);
const post = (of: Shop, path: string, body: string, header: string | null): Promise<Response> =>
  of.send(path, { method: 'POST', body, headers: header === null ? {} : { 'Stripe-Signature': header } });
const stored = async ({ db }: Shop): Promise<string[]> =>
  (await db.selectFrom('inbox_events').select('id').orderBy('id').execute()).map((row) => row.id);

describe('taking events in', () => {
  test('check 21, 22 and 29, C11: a signed event is stored once, under either name of the inbox, whatever its type', async () => {
    const running = await start();
    const body = JSON.stringify(EVENT);
    for (const path of ['/payments/webhook', '/webhook', '/webhook/']) {
      const answer = await post(running, path, body, signature(body, nowOf(running)));
      expect([answer.status, await answer.text()]).toEqual([200, '{"received":true}']);
    }
    await running.rest();
    expect(await stored(running)).toEqual(['evt_hand']);
    const row = await running.db.selectFrom('inbox_events').select('outcome').executeTakeFirst();
    expect(row).toEqual({ outcome: 'ignored' });
  });

  test('the address with a slash or a question behind it is answered like the one that Stripe calls', async () => {
    const running = await start();
    const body = JSON.stringify(EVENT);
    const answers = async (header: string | null) => {
      const told: unknown[] = [];
      for (const path of ['/webhook', '/webhook/', '/webhook?again=1', '/payments/webhook']) {
        const answer = await post(running, path, body, header);
        const headers = Object.fromEntries(answer.headers);
        expect(headers['request-id']).toMatch(/^req_[0-9a-z]{26}$/);
        told.push([answer.status, await answer.text(), { ...headers, 'request-id': 'req' }]);
      }
      return told;
    };
    for (const header of [signature(body, nowOf(running)), signature(body, nowOf(running), 'whsec_other'), null]) {
      const [first, ...others] = await answers(header);
      expect(others).toEqual([first, first, first]);
    }
    expect((await running.send('/webhook', { method: 'GET' })).headers.get('Allow')).toBe('POST');
  });

  test('a mark of the byte order before an event is no part of it', async () => {
    const running = await start();
    const body = `\ufeff${JSON.stringify(EVENT)}`;
    expect((await post(running, '/webhook', body, signature(body, nowOf(running)))).status).toBe(200);
    await running.rest();
    expect(await running.db.selectFrom('inbox_events').select('outcome').execute()).toEqual([{ outcome: 'ignored' }]);
    expect(await running.db.selectFrom('inbox_bodies').select('body').execute()).toEqual([{ body: body.slice(1) }]);
  });

  test('check 23 and 24, C18: what is not signed, or signed by somebody else, is refused in plain text and not stored', async () => {
    const running = await start();
    const body = JSON.stringify(EVENT);
    const at_s = nowOf(running);
    const forged: [string, string | null, string][] = [
      [body, null, 'missing Stripe-Signature header'],
      [body, signature(body, at_s, 'whsec_other'), 'signature verification failed'],
      [`${body} `, signature(body, at_s), 'signature verification failed'],
      [body, signature(body, at_s, SECRET, 'v0'), 'signature verification failed'],
      [body, 'garbage', 'signature verification failed'],
      [body, '', 'missing Stripe-Signature header'],
    ];
    for (const [bytes, header, sentence] of forged) {
      const answer = await post(running, '/webhook', bytes, header);
      expect(answer.status).toBe(400);
      expect(answer.headers.get('Content-Type')).toContain('text/plain');
      expect(await answer.text()).toBe(`Webhook Error: ${sentence}`);
    }
    expect(await stored(running)).toEqual([]);
  });

  test('check 25: a signature is believed for 300 seconds back and 60 ahead', async () => {
    const running = await start();
    const body = JSON.stringify(EVENT);
    const at = async (shift_s: number): Promise<number> =>
      (await post(running, '/webhook', body, signature(body, nowOf(running) + shift_s))).status;
    expect([await at(-301), await at(61), await at(-299), await at(59)]).toEqual([400, 400, 200, 200]);
  });

  test('check 27, C21: odd white space and letters outside ASCII are verified as they came', async () => {
    const running = await start();
    const body = `\n${JSON.stringify({ ...EVENT, note: 'Größe ✓' }, null, 7)}\t `;
    expect((await post(running, '/webhook', body, signature(body, nowOf(running)))).status).toBe(200);
    const row = await running.db.selectFrom('inbox_bodies').select('body').executeTakeFirst();
    expect(row?.body).toBe(body);
  });

  test('check 24: signed nonsense is refused', async () => {
    const running = await start();
    for (const body of ['', '{', '[]', '{"id":7}', 'null']) {
      const answer = await post(running, '/webhook', body, signature(body, nowOf(running)));
      expect([answer.status, await answer.text()]).toEqual([400, 'Webhook Error: invalid payload']);
    }
    expect(await stored(running)).toEqual([]);
  });

  test('check 30: an event of live mode is taken in and changes nothing', async () => {
    const running = await start();
    const { session_id } = await running.opened(BUY);
    const session = { id: session_id, object: 'checkout.session', status: 'complete', payment_status: 'paid' };
    const body = JSON.stringify({
      ...EVENT,
      type: 'checkout.session.completed',
      livemode: true,
      data: { object: { ...session, amount_total: 1999, currency: 'usd', livemode: true } },
    });
    expect((await post(running, '/webhook', body, signature(body, nowOf(running)))).status).toBe(200);
    await running.rest();
    expect(await running.status(session_id)).toMatchObject({ status: 'open', payment_status: 'unpaid' });
  });
});

describe('what is taken in', () => {
  test('check 31: fifty deliveries at once make one paid order, one mail and one sale', async () => {
    const running = await start();
    const direct = running.deliver;
    running.deliver = async (request) => {
      const copies = await Promise.all(Array.from({ length: 50 }, () => direct(request.clone())));
      expect(copies.map((copy) => copy.status)).toEqual(Array(50).fill(200));
      return copies[0] as Response;
    };
    const { session_id } = await running.opened(BUY);
    await running.sandbox.control.pay(session_id, pays);
    await running.rest();
    expect(await sale(running)).toEqual({ orders: ['paid'], mails: 1, sold: 1, held: 0 });
  });

  test('check 33: while the database is down Stripe is told to come again, and then the order is paid', async () => {
    const running = await start();
    const { session_id } = await running.opened(BUY);
    await sql`alter table kassa.inbox_events rename to inbox_events_away`.execute(running.db);
    await running.sandbox.control.pay(session_id, pays);
    const down: number[] = [];
    const direct = running.deliver;
    running.deliver = async (request) => {
      const answer = await direct(request);
      down.push(answer.status);
      return answer;
    };
    await running.sandbox.tick();
    expect(new Set(down)).toEqual(new Set([503]));
    await sql`alter table kassa.inbox_events_away rename to inbox_events`.execute(running.db);
    running.clock.advance(24 * 3_600_000);
    await running.rest();
    expect(await sale(running)).toEqual({ orders: ['paid'], mails: 1, sold: 1, held: 0 });
  });

  test('check 34 and 35: a slow bank says yes to one and no to another', async () => {
    const running = await start();
    const yes = await running.opened(BUY);
    const no = await running.opened(BUY);
    await running.sandbox.control.pay(yes.session_id, { ...pays, outcome: 'pays later' });
    await running.sandbox.control.pay(no.session_id, { ...pays, outcome: 'pays later, then fails' });
    await running.rest();
    expect(await sale(running)).toEqual({ orders: ['processing', 'processing'], mails: 0, sold: 0, held: 2 });
    running.clock.advance(3 * 86_400_000);
    await running.rest();
    expect(await sale(running)).toMatchObject({ orders: ['expired', 'paid'], sold: 1, held: 0 });
    const topics = await running.db
      .selectFrom('outbox_messages')
      .select('topic')
      .where('topic', '=', 'order.paid')
      .execute();
    expect(topics).toHaveLength(1);
  });
});

async function sale({ db }: Shop): Promise<unknown> {
  const { rows } = await sql`
    select (select json_agg(status order by status) from kassa.orders) as orders,
           (select count(*) from kassa.notifications) as mails,
           (select sum(sold) from kassa.stock)::int as sold, (select sum(held) from kassa.stock)::int as held`.execute(
    db,
  );
  return rows[0];
}
