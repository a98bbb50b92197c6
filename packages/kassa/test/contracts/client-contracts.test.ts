// Goal: the client speaks every contract in its own words, and whatever must not happen twice does not.
// Method: each class against the whole shop over its HTTP; the wire is cut by hand, time is handed in.
import { afterEach, describe, expect, test } from 'vitest';
import { type ClientOptions, EmbeddedCheckout, TicketOrder, type World } from '../../../client/src/index.ts';
import { defineKassa, item, ticket, usd } from '../../src/index.ts';
import { toTypeId } from '../../src/kernel/ids.ts';
import { type Shop, startShop } from '../setup/shop.ts';

const BASE = 'http://shop.test';

let running: Shop | undefined;
afterEach(async () => {
  await running?.close();
  running = undefined;
});

interface Place {
  readonly options: ClientOptions;
  readonly keys: string[];
  readonly waited: number[];
  /** The next so many answers are lost on their way back. */
  lose(answers: number): void;
}

/** A server of the caller's, or a page: where the client runs. */
function placeOf(shop: Shop, is_page = false): Place {
  let lost = 0;
  const keys: string[] = [];
  const waited: number[] = [];
  const kept = new Map<string, string>();
  const world: Partial<World> = {
    is_page,
    async fetch(url, init) {
      const key = new Headers(init.headers).get('Idempotency-Key');
      if (key !== null) keys.push(key);
      const answer = await shop.send(url.slice(BASE.length), init);
      if (lost === 0) return answer;
      lost -= 1;
      throw new TypeError('network error');
    },
    async sleep(ms) {
      waited.push(ms);
      shop.clock.advance(ms);
    },
    memory: {
      getItem: (name) => kept.get(name) ?? null,
      setItem: (name, value) => void kept.set(name, value),
      removeItem: (name) => void kept.delete(name),
    },
  };
  return {
    options: { base_url: BASE, world },
    keys,
    waited,
    lose(answers) {
      lost = answers;
    },
  };
}

describe('TicketOrder', () => {
  const CINEMA = defineKassa({
    seller: { name: 'Cinema', email: 'box@example.com' },
    catalog: { film: ticket({ name: 'Night Train', price: usd('18.00'), capacity: 2 }) },
    contracts: { 'ticket-order': { product: 'film' } },
  });

  test('takes a visitor through the four steps, and reads the one field of a refusal', async () => {
    const shop = await startShop({ config: CINEMA, http: { hosts: ['shop.test'] } });
    running = shop;
    const tickets = new TicketOrder('', placeOf(shop, true).options);
    const secret = await tickets.createSession();
    const session_id = secret.slice(0, secret.indexOf('_secret_'));
    const order_id = await tickets.storeDetails(session_id, { email: 'ann@example.com', seat: 'B7' });
    expect(order_id).toMatch(/^ord_/);
    const screening = (await shop.db.selectFrom('offers').select('id').where('key', '=', 'film').executeTakeFirst())
      ?.id;
    const screening_id = toTypeId('screening', screening ?? '');
    await expect(tickets.getConfirmation(session_id, screening_id)).rejects.toMatchObject({
      status: 400,
      message: 'Checkout is not complete',
      request_id: expect.stringMatching(/^req_/),
    });
    await shop.sandbox.control.pay(session_id, { outcome: 'pays' });
    await shop.rest();
    expect(await tickets.getConfirmation(session_id, screening_id)).toBe(order_id);
  });
});

describe('EmbeddedCheckout', () => {
  const BOARDS = defineKassa({
    seller: { name: 'Boards', email: 'hi@example.com' },
    catalog: { board: item({ name: 'Board', price: usd('2.00') }) },
    contracts: { 'embedded-checkout': { product: 'board' } },
  });

  test('opens the form once, also after lost answers and a double click, and tells when it is done', async () => {
    const shop = await startShop({ config: BOARDS });
    running = shop;
    const place = placeOf(shop, true);
    const form = new EmbeddedCheckout('', place.options);
    const wanted = { metadata: { device_id: 'device_456' }, customer_email: 'ann@example.com' };
    place.lose(2);
    const [secret, twice] = await Promise.all([form.createSession(wanted), form.createSession(wanted)]);
    expect(twice).toBe(secret);
    expect(new Set(place.keys).size).toBe(1);
    expect(place.waited).toEqual([500, 1_000]);
    expect(await shop.db.selectFrom('orders').select('id').execute()).toHaveLength(1);
    const session_id = secret.slice(0, secret.indexOf('_secret_'));
    expect(await form.pollStatus(session_id, { polls: 2 })).toEqual({ outcome: 'unknown', status: { status: 'open' } });
    await shop.sandbox.control.pay(session_id, { outcome: 'pays' });
    await shop.rest();
    expect(await form.pollStatus(session_id)).toEqual({ outcome: 'complete', status: { status: 'complete' } });
    await expect(form.getStatus(secret)).rejects.toMatchObject({ status: 400, code: 'INVALID_REQUEST' });
  });
});
