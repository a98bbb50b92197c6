// Goal: whoever stands at the till sends money back from the command line, after having seen what would go back.
// Method: a shop sells in this process and stops; the real command refunds at its sandbox in processes of its own.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { commandLine } from '../../src/cli/command-line.ts';
import { toTypeId } from '../../src/kernel/ids.ts';
import { BLUE_HALL } from './kassa-process.ts';
import { type SoldShop, sellTwoSeats } from './sold-shop.ts';

let shop: SoldShop;
let order: string;
beforeAll(async () => {
  shop = await sellTwoSeats();
  order = toTypeId('ord', (await shop.db.selectFrom('orders').select('id').executeTakeFirstOrThrow()).id);
}, 120_000);
afterAll(() => shop.drop());

const refund = (...args: string[]) => shop.command('refund', ...args);

test('a seat goes back once under its key, the rest without one, and a cent more is refused', async () => {
  const preview = await refund(order, '--lines', '1:1', '--preview');
  expect(preview.out).toContain('would give back 100.00 USD, of 200.00 USD that can go back.');
  expect(preview).toMatchObject({ code: 0, err: '' });
  const first = await refund(order, '--lines', '1:1', '--key', 'support-1', '--json');
  expect(JSON.parse(first.out)).toMatchObject({
    what: 'refund',
    order_id: order,
    amount_minor: 10_000,
    status: 'succeeded',
  });
  const repeat = await refund(order, '--lines', '1:1', '--key', 'support-1', '--json');
  expect(JSON.parse(repeat.out)).toMatchObject({ replayed: true, refund_id: JSON.parse(first.out).refund_id });
  const more = await refund(order, '--amount', '100.01');
  expect(more).toMatchObject({ code: 1, out: expect.stringContaining('At most 100.00 USD can go back.') });
  expect((await refund(order)).out).toMatch(/^succeeded {2}100\.00 USD of ord_\w+ {2}re_/);
  expect(await refund(order, '--json')).toMatchObject({ code: 1, out: expect.stringContaining('already_refunded') });
  const rows = await shop.db.selectFrom('refunds').select(['amount_minor', 'status', 'requested_by']).execute();
  expect(rows).toEqual([1, 2].map(() => ({ amount_minor: 10_000, status: 'succeeded', requested_by: 'command line' })));
}, 120_000);

test('what cannot be meant is refused before anything is opened', async () => {
  const cases: [string[], RegExp][] = [
    [['pi_1'], /is no id of an order/],
    [['ord_01jd8z5k3vf2r9x6w4q7m1n0ab', '--lines', '1', '--amount', '1'], /--lines or --amount, not both/],
    [['ord_01jd8z5k3vf2r9x6w4q7m1n0ab', '--reason', 'mood'], /--reason is one of/],
  ];
  for (const [args, sentence] of cases) {
    let err = '';
    const streams = { out: { write: () => true }, err: { write: (text: string) => (err += text) } };
    expect(await commandLine(['refund', ...args, '--config', BLUE_HALL], streams)).toBe(2);
    expect(err).toMatch(sentence);
  }
});
