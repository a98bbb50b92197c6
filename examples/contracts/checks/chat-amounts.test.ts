// Goal: no amount that an agent names ever changes by a cent on its way.
// Method: many of them through a shop of their own; Stripe is asked what it was really sent.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chat, intentIn } from './world/chat.ts';
import { openShop, type Shop } from './world/shop.ts';

const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);
const AMOUNTS = 1_000;

let shop: Shop;
beforeAll(async () => {
  shop = await openShop({ variant: 'plenty' });
});
afterAll(() => shop?.close());

test(`check 121: ${AMOUNTS} random amounts with two fraction digits are equal in the answer and exact in cents at Stripe`, {
  timeout: 600_000,
}, async () => {
  process.stdout.write(`check 121: SEED=${SEED}\n`);
  let state = SEED;
  const dice = (below: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
  const cents = Array.from({ length: AMOUNTS }, () => 50 + dice(999_950));
  const at_stripe = new Map<string, number>();
  // As many as Stripe takes in a second, and a minute of the key's own limit for four such seconds.
  for (let from = 0; from < cents.length; from += 20) {
    await shop.pass(20_000);
    const asked = cents.slice(from, from + 20).map(async (amount) => {
      const text = `${Math.floor(amount / 100)}.${String(amount % 100).padStart(2, '0')}`;
      const body = `{"amount":${text},"currency":"usd"}`;
      const answer = await chat(shop, 'POST', '/intent/create', body, {
        headers: { 'Content-Type': 'application/json' },
      });
      expect([text, answer.status, answer.text]).toEqual([text, 200, answer.text]);
      expect([text, intentIn(answer).amount]).toEqual([text, Number(text)]);
      return [intentIn(answer).id, amount] as const;
    });
    for (const [id, amount] of await Promise.all(asked)) at_stripe.set(id, amount);
  }
  expect(at_stripe.size).toBe(AMOUNTS);
  let last = '';
  let seen = 0;
  for (let more = true; more; ) {
    const page = await shop.sandbox.get(`/v1/payment_intents?limit=100${last}`);
    const found = page.data as { id: string; amount: number }[];
    for (const { id, amount } of found) {
      if (!at_stripe.has(id)) continue;
      expect([id, amount]).toEqual([id, at_stripe.get(id)]);
      seen += 1;
    }
    last = `&starting_after=${found.at(-1)?.id}`;
    more = page.has_more === true;
  }
  expect(seen).toBe(AMOUNTS);
});
