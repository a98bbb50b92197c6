// Goal: the three commands of three in the morning: what is unexplained is named, explained, and put in order, and
// doing it twice changes nothing.
// Method: a shop sells in this process, one buyer pays while it does not listen and one payment loses its order; then
// the real commands, told their own environment, run on its database and its sandbox.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createKassa, type Kassa } from '../../src/app.ts';
import { loadConfig, readSettings } from '../../src/config.ts';
import { sql } from '../../src/database/index.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { systemHttp } from '../../src/system.ts';
import { type FreshDatabase, freshDatabase } from '../setup/database.ts';
import { unknownPage } from '../setup/unknown-page.ts';
import { eventually, realClock, realIds, realRandom } from '../setup/world.ts';
import { BLUE_HALL, kassaHere } from './kassa-process.ts';

const LONG_MS = 120_000;
let folder: string;
let fresh: FreshDatabase;
let unheard: string;
let lost: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kassa-proof-'));
  fresh = await freshDatabase();
  await sellAndLose();
}, LONG_MS);
afterAll(async () => {
  await fresh.drop();
  rmSync(folder, { recursive: true, force: true });
});

const environment = () => ({ KASSA_DATA_DIR: join(folder, 'shop'), DATABASE_URL: fresh.url, KASSA_SANDBOX_PORT: '0' });

async function open(run_workers: boolean): Promise<Kassa> {
  const { config, hooks } = await loadConfig(BLUE_HALL);
  const settings = readSettings(config, environment(), { folder: BLUE_HALL });
  const world = { clock: realClock, random: realRandom, ids: realIds, log: silentLog, http: systemHttp() };
  return createKassa(settings, hooks, world, { version: '0', site_folder: null, serve_sandbox: false, run_workers });
}

async function checkout(shop: Kassa): Promise<string> {
  const body = JSON.stringify({ offer: 'lakers', quantity: 1, success_url: 'http://127.0.0.1:4242/pay' });
  const init = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body };
  const url = 'http://127.0.0.1:4242/api/payments/v1/checkout/session';
  const answer = await shop.fetch(new Request(url, init), { ip: '127.0.0.1' });
  return ((await answer.json()) as { session_id: string }).session_id;
}

const pays = (shop: Kassa, session_id: string) =>
  shop.stand_in?.sandbox.control.pay(session_id, { outcome: 'closes after paying', email: 'ann@example.com' });

async function sellAndLose(): Promise<void> {
  const selling = await open(true);
  await pays(selling, await checkout(selling));
  await eventually(() => fresh.db.selectFrom('orders').select('id').where('status', '=', 'paid').executeTakeFirst());
  await eventually(async () => {
    const { rows } = await sql`select from kassa.deliveries where delivered_at is null`.execute(fresh.db);
    return rows.length === 0 ? true : undefined;
  });
  await selling.stop();
  const silent = await open(false);
  unheard = await checkout(silent);
  await pays(silent, unheard);
  const { stand_in } = silent;
  if (!stand_in) throw new Error('without a key there is a sandbox');
  const headers = { authorization: `Bearer ${stand_in.secretKeyOf('default')}` };
  const request = new Request('http://127.0.0.1/v1/checkout/sessions', {
    method: 'POST',
    headers,
    body: unknownPage(),
  });
  const answer = await stand_in.sandbox.fetch(request);
  lost = ((await answer.json()) as { id: string }).id;
  await pays(silent, lost);
  await silent.stop();
}

async function run(...args: string[]) {
  const said = await kassaHere([...args, '--config', BLUE_HALL], environment());
  return { ...said, lines: said.out.trimEnd().split('\n') };
}

const json = (lines: readonly string[]) => lines.map((line) => JSON.parse(line) as Record<string, unknown>);

test(
  'what is unexplained is named, explained, put in order, and explained then',
  async () => {
    const first = await run('verify', '--json');
    expect({ code: first.code, err: first.err }).toEqual({ code: 1, err: '' });
    const found = json(first.lines).filter(({ what }) => what === 'unexplained');
    expect(found.map(({ kind, object_id }) => [kind, object_id]).sort()).toEqual([
      ['order_missing', lost],
      ['payment_not_settled', unheard],
    ]);
    expect(json(first.lines).at(-1)).toMatchObject({ what: 'verified', sessions: 3, orders: 2, unexplained: 2 });

    const told = await run('explain', unheard);
    expect(told.code).toBe(1);
    expect(told.out).toMatch(/^ord_[0-9a-z]{26}: pending, 100.00 USD, hosted-checkout, nobody known\n/);
    expect(told.out).toContain(`Stripe says now: ${unheard} is complete, paid`);
    expect(told.out).toContain(`Kassa would settle the order: ${unheard} goes from pending to paid (--fix)`);

    const fixed = await run('explain', unheard, '--fix', '--json');
    expect({ code: fixed.code, err: fixed.err }).toEqual({ code: 0, err: '' });
    expect(json(fixed.lines).at(-1)).toEqual({ what: 'fixed', status: 'paid', left: 0 });
    const { rows } = await sql`
      select action, cause, actor from kassa.audit_log where cause = 'explain'`.execute(fresh.db);
    expect(rows).toEqual([{ action: 'payment_succeeded', cause: 'explain', actor: 'admin:command line' }]);

    const adopted = await run('adopt', lost, '--json');
    expect({ code: adopted.code, err: adopted.err }).toEqual({ code: 0, err: '' });
    const [order] = json(adopted.lines);
    expect(order).toMatchObject({ what: 'adopted', id: lost, is_new: true });
    expect((await run('adopt', lost)).out).toBe(`${order?.order_id} has ${lost} already: nothing to do\n`);
    const review = await fresh.db
      .selectFrom('orders')
      .select(['status', 'review_reason', 'total_minor'])
      .where('contract', '=', 'adopted')
      .execute();
    expect(review).toEqual([{ status: 'pending', review_reason: 'payment_adopted', total_minor: 700 }]);

    const last = await run('verify');
    expect({ code: last.code, err: last.err }).toEqual({ code: 0, err: '' });
    expect(last.out).toMatch(/\n {2}USD Stripe +3 +207\.00 +0 +0\.00\n {2}USD orders +3 +207\.00 /);
    expect(last.lines.at(-2)).toBe('1 orders wait for a person: see /admin/attention');
    expect(last.lines.at(-1)).toBe('0 unexplained');
  },
  LONG_MS,
);

test(
  'what gave up is listed, and tried again by one or all, as often as anybody likes',
  async () => {
    await sql`update kassa.deliveries set delivered_at = null where delivered_at is not null and id in (
      select id from kassa.deliveries where destination = 'mail:receipt' order by id limit 1)`.execute(fresh.db);
    await sql`update kassa.deliveries set parked_at = kassa.clock(), attempts = 20,
      last_error = 'Error: the till is away' where delivered_at is null and destination = 'mail:receipt'`.execute(
      fresh.db,
    );
    const list = await run('replay');
    expect(list.code).toBe(0);
    expect(list.lines.at(-1)).toMatch(/^[12] gave up$/);
    expect(list.out).toMatch(
      /^dlv_[0-9a-z]{26} {2}mail:receipt of order\.paid {2}gave up \S+ after 20 tries: Error: the till is away$/m,
    );
    const [id = ''] = list.out.split(' ');
    expect((await run('replay', id)).out).toBe(`${id} is due now\n`);
    expect((await run('replay', id)).out).toBe(`${id} has not given up: nothing to do\n`);
    const all = await run('replay', '--failed', '--json');
    expect(json(all.lines).every(({ what }) => what === 'replayed' || what === 'parked')).toBe(true);
    expect((await run('replay')).out).toBe('0 gave up\n');
    const nobody = await run('replay', 'evt_unknown');
    expect(nobody).toMatchObject({
      code: 3,
      err: 'Stripe knows no event evt_unknown; it keeps them for thirty days.\n',
    });
  },
  LONG_MS,
);

test(
  'a question that nobody can answer is refused in one sentence',
  async () => {
    const cases: [string[], number, string][] = [
      [['verify', '--period', '2026-13'], 2, '--period takes a month such as 2026-11, not "2026-13".\n'],
      [
        ['verify', '--from', '2026-11-02', '--to', '2026-11-01'],
        2,
        'The period ends before it begins: nothing has happened in it.\n',
      ],
      [['explain', '#99'], 3, 'This shop has no order #99.\n'],
      [['adopt', 'order'], 2, 'kassa adopt takes cs_… or pi_…, not "order".\n'],
      [['adopt', unheard.slice(0, -1)], 3, `Stripe does not know ${unheard.slice(0, -1)}.\n`],
    ];
    for (const [args, code, err] of cases) expect(await run(...args), args.join(' ')).toMatchObject({ code, err });
  },
  LONG_MS,
);
