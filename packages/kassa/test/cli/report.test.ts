// Goal: whoever asks how the payments went reads the figures of the books, and the books themselves, as a table, as
// CSV or as JSON.
// Method: a shop sells in this process and stops; the real command reads its database in a process of its own.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { commandLine } from '../../src/cli/command-line.ts';
import { BLUE_HALL } from './kassa-process.ts';
import { type SoldShop, sellTwoSeats } from './sold-shop.ts';

let shop: SoldShop;
beforeAll(async () => {
  shop = await sellTwoSeats();
}, 120_000);
afterAll(() => shop.drop());

const command = (name: string, ...args: string[]) => shop.command(name, ...args);
const report = (...args: string[]) => command('report', ...args);

test('C27: the report is one JSON object with the figures of each currency', async () => {
  const { code, out, err } = await report('--json');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(JSON.parse(out)).toEqual({
    what: 'report',
    tenant: 'default',
    mode: 'test',
    from: '1970-01-01T00:00:00.000Z',
    to: expect.stringMatching(/^20\d\d-/),
    currencies: [
      {
        ...{ currency: 'usd', total_revenue: '200.00', total_revenue_minor: 20_000 },
        ...{ successful_payments: 1, failed_payments: 0, refunded: '0.00', refunded_minor: 0, refund_rate: 0 },
        ...{ fees: '0.00', fees_minor: 0 },
      },
    ],
  });
}, 120_000);

test('C27: people get a table, and a period without payments is told as such', async () => {
  const table = await report();
  expect(table.out.split('\n').slice(1, 3)).toEqual([
    '  currency  total_revenue  successful_payments  failed_payments  refunded  refund_rate  fees',
    '  USD              200.00                    1                0      0.00          0 %  0.00',
  ]);
  const none = await report('--from', '2001-01-01', '--to', '2001-12-31');
  // Blue Hall is in Los Angeles, so its days begin at eight in Greenwich.
  expect(none.out).toBe('Payments from 2001-01-01T08:00:00.000Z to 2002-01-01T08:00:00.000Z\n  none\n');
  const other = await report('--tenant', 'elsewhere');
  expect(other).toEqual({ code: 3, out: '', err: 'There is no shop "elsewhere"; there is default.\n' });
}, 120_000);

test('a period that cannot be meant is refused before anything is opened', async () => {
  const cases: [string[], string][] = [
    [['--from', 'yesterday'], '--from takes a day such as 2026-11-01, or 2026-11-01T18:00, not "yesterday".\n'],
    [['--from', '2026-02-30'], '--from takes a day such as 2026-11-01, or 2026-11-01T18:00, not "2026-02-30".\n'],
    [['--from', '2026-11-02', '--to', '2026-11-01'], '--to must be after --from.\n'],
  ];
  for (const [args, sentence] of cases) {
    let err = '';
    const streams = { out: { write: () => true }, err: { write: (text: string) => (err += text) } };
    expect(await commandLine(['report', '--config', BLUE_HALL, ...args], streams)).toBe(2);
    expect(err).toBe(sentence);
  }
});

test('the books are a table of accounts, and every entry of them is a line of CSV', async () => {
  const table = await command('ledger');
  expect(table).toEqual({
    code: 0,
    err: '',
    out: [
      'account  currency  before    moved  balance',
      'revenue  USD         0.00  -200.00  -200.00',
      'stripe   USD         0.00   200.00   200.00',
      'Every currency adds up to zero.',
      '',
    ].join('\n'),
  });
  expect(await command('ledger', '--sum-again')).toEqual(table);
  const csv = (await command('ledger', '--csv')).out.trimEnd().split('\r\n');
  expect(csv[0]).toBe('time,posting,cause,order,order_number,account,currency,amount,amount_minor');
  expect(csv.slice(1).map((line) => line.split(',').slice(-4).join())).toEqual(
    expect.arrayContaining(['stripe,usd,200.00,20000', 'revenue,usd,-200.00,-20000']),
  );
  expect(csv[1]).toMatch(/^20\d\d-.*Z,[0-9a-f-]{36},paid:[0-9a-f-]{36},ord_[0-9a-z]{26},1001,/);
  expect(csv).toHaveLength(3);
}, 120_000);

test('the books as JSON end with the balances and whether they add up, and a period begins with what stood before', async () => {
  const { out } = await command('ledger', '--json', '--currency', 'USD', '--from', '2099-01-01');
  const lines = out.trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    {
      what: 'balance',
      account: 'revenue',
      currency: 'usd',
      opening_minor: -20_000,
      moved_minor: 0,
      balance_minor: -20_000,
    },
    {
      what: 'balance',
      account: 'stripe',
      currency: 'usd',
      opening_minor: 20_000,
      moved_minor: 0,
      balance_minor: 20_000,
    },
    { what: 'sum', balanced: true },
  ]);
  expect((await command('ledger', '--currency', 'eur')).out).toBe('The books are empty.\n');
  expect(await command('ledger', '--currency', 'gold')).toMatchObject({ code: 2, out: '' });
  expect(await command('ledger', '--csv', '--json')).toMatchObject({ code: 2, out: '' });
}, 120_000);
