// Goal: whoever asks how the payments went reads the figures of the books, and the books themselves, as a table, as
// CSV or as JSON.
// Method: a shop sells in this process and stops; the real command reads its database in a process of its own.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createKassa } from '../../src/app.ts';
import { commandLine } from '../../src/cli/command-line.ts';
import { loadConfig, readSettings } from '../../src/config.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { systemHttp } from '../../src/system.ts';
import { type FreshDatabase, freshDatabase } from '../setup/database.ts';
import { eventually, realClock, realIds, realRandom } from '../setup/world.ts';
import { BLUE_HALL, kassa } from './kassa-process.ts';

let folder: string;
let fresh: FreshDatabase;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kassa-report-'));
  fresh = await freshDatabase();
  await sellTwoSeats();
}, 120_000);
afterAll(async () => {
  await fresh.drop();
  rmSync(folder, { recursive: true, force: true });
});

const environment = () => ({ KASSA_DATA_DIR: join(folder, 'shop'), DATABASE_URL: fresh.url, KASSA_SANDBOX_PORT: '0' });

async function sellTwoSeats(): Promise<void> {
  const { config, hooks } = await loadConfig(BLUE_HALL);
  const settings = readSettings(config, environment(), { folder: BLUE_HALL });
  const world = { clock: realClock, random: realRandom, ids: realIds, log: silentLog, http: systemHttp() };
  const options = { version: '0.1.0', site_folder: null, serve_sandbox: false, run_workers: true };
  const shop = await createKassa(settings, hooks, world, options);
  const body = JSON.stringify({ offer: 'lakers', quantity: 2, success_url: 'http://127.0.0.1:4242/pay' });
  const init = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body };
  const answer = await shop.fetch(new Request('http://127.0.0.1:4242/api/payments/v1/checkout/session', init), {
    ip: '127.0.0.1',
  });
  const { session_id } = (await answer.json()) as { session_id: string };
  await shop.stand_in?.sandbox.control.pay(session_id, { outcome: 'pays', email: 'ann@example.com' });
  await eventually(() => fresh.db.selectFrom('orders').select('id').where('status', '=', 'paid').executeTakeFirst());
  await shop.stop();
}

const report = (...args: string[]) => command('report', ...args);

async function command(name: string, ...args: string[]) {
  const one = kassa([name, '--config', BLUE_HALL, ...args], { cwd: folder, env: environment() });
  const code = await one.ended;
  return { code, out: one.out(), err: one.err() };
}

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
      },
    ],
  });
}, 60_000);

test('C27: people get a table, and a period without payments is told as such', async () => {
  const table = await report();
  expect(table.out.split('\n').slice(1, 3)).toEqual([
    '  currency  total_revenue  successful_payments  failed_payments  refunded  refund_rate',
    '  USD              200.00                    1                0      0.00          0 %',
  ]);
  const none = await report('--from', '2001-01-01', '--to', '2001-12-31');
  // Blue Hall is in Los Angeles, so its days begin at eight in Greenwich.
  expect(none.out).toBe('Payments from 2001-01-01T08:00:00.000Z to 2002-01-01T08:00:00.000Z\n  none\n');
  const other = await report('--tenant', 'elsewhere');
  expect(other).toEqual({ code: 3, out: '', err: 'There is no shop "elsewhere"; there is default.\n' });
}, 60_000);

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
  const csv = (await command('ledger', '--csv')).out.trimEnd().split('\r\n');
  expect(csv[0]).toBe('time,posting,cause,order,order_number,account,currency,amount,amount_minor');
  expect(csv.slice(1).map((line) => line.split(',').slice(-4).join())).toEqual(
    expect.arrayContaining(['stripe,usd,200.00,20000', 'revenue,usd,-200.00,-20000']),
  );
  expect(csv[1]).toMatch(/^20\d\d-.*Z,[0-9a-f-]{36},paid:[0-9a-f-]{36},ord_[0-9a-z]{26},1001,/);
  expect(csv).toHaveLength(3);
}, 60_000);

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
}, 60_000);
