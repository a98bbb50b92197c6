// Goal: a shop's own gate can refuse a checkout before anything is written, and a broken gate lets nobody through.
// Method: the real house; what the contracts call is called.
import { afterEach, expect, test } from 'vitest';
import type { StartCheckout } from '../../src/flows/checkout/start-checkout.ts';
import { type Counter, openCounter } from '../setup/counter.ts';

let counter: Counter | undefined;
afterEach(async () => counter?.close());

async function tryToBuy(gate: unknown): Promise<unknown> {
  counter = await openCounter({ hooks: { before: { 'checkout.create': gate } } });
  const { db, built } = counter;
  const [offer] = await db.selectFrom('offers').select('id').where('key', '=', 'lakers').execute();
  const command: StartCheckout = {
    contract: 'hosted-checkout',
    presentation: 'hosted',
    lines: [{ offer_id: offer?.id ?? '', quantity: 2 }],
    buyer: { email: 'ann@example.com' },
    success_url: 'https://shop.example/',
    metadata: {},
    render: ({ session_id }) => ({ session_id }),
  };
  return built.http.startCheckout(command);
}

const orders = async (): Promise<unknown[]> => (await counter?.db.selectFrom('orders').select('id').execute()) ?? [];

test('a gate sees what is bought and by whom, and lets it through', async () => {
  const seen: unknown[] = [];
  const gate = ({ contract, items, customer }: Record<string, unknown>): void =>
    void seen.push({ contract, items, customer });
  expect(await tryToBuy(gate)).toMatchObject({ status: 200 });
  const customer = { user_id: null, email: 'ann@example.com', email_verified: false };
  expect(seen).toEqual([{ contract: 'hosted-checkout', items: [{ product: 'lakers', quantity: 2 }], customer }]);
});

test('a refusal reaches the caller in the words of the shop, and nothing was written', async () => {
  const gate = ({ refuse }: { refuse(code: string, sentence: string): never }): void =>
    refuse('members_only', 'Members only tonight.');
  await expect(tryToBuy(gate)).rejects.toMatchObject({
    code: 'forbidden',
    message: 'Members only tonight.',
    details: { reason: 'members_only' },
  });
  expect(await orders()).toEqual([]);
});

test('a gate that breaks sells nothing', async () => {
  const gate = async (): Promise<void> => {
    throw new Error('the list of members is away');
  };
  await expect(tryToBuy(gate)).rejects.toThrow('the list of members is away');
  expect(await orders()).toEqual([]);
});

test('order.created is told to those who listen, and to nobody else', async () => {
  const told: string[] = [];
  const hook = ({ event }: { event: string }): void => void told.push(event);
  counter = await openCounter({ hooks: { on: { 'order.created': hook } } });
  await counter.buy();
  await counter.rest();
  expect(told).toEqual(['order.created']);
});
