// Goal: keys and tokens are made, listed and ended from the command line, also while the shop runs, and count at once.
// Method: a shop in this process; the real commands, told their own environment, on the same database and data folder.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createKassa, type Kassa } from '../../src/app.ts';
import { commandLine } from '../../src/cli/command-line.ts';
import { loadConfig, readSettings } from '../../src/config.ts';
import { inTransaction, sql } from '../../src/database/index.ts';
import { recognizeKey, SCOPES } from '../../src/domain/keys/index.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { systemHttp } from '../../src/system.ts';
import { type FreshDatabase, freshDatabase } from '../setup/database.ts';
import { realClock, realIds, realRandom } from '../setup/world.ts';
import { BLUE_HALL, kassaHere } from './kassa-process.ts';

let folder: string;
let fresh: FreshDatabase;
let shop: Kassa;
const environment = () => ({ KASSA_DATA_DIR: join(folder, 'shop'), DATABASE_URL: fresh.url, KASSA_SANDBOX_PORT: '0' });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kassa-key-'));
  fresh = await freshDatabase();
}, 120_000);
afterAll(async () => {
  await shop?.stop();
  await fresh.drop();
  rmSync(folder, { recursive: true, force: true });
});

async function startShop(): Promise<void> {
  const { config, hooks } = await loadConfig(BLUE_HALL);
  const settings = readSettings(config, environment(), { folder: BLUE_HALL });
  const world = { clock: realClock, random: realRandom, ids: realIds, log: silentLog, http: systemHttp() };
  const options = { version: '0.1.0', site_folder: null, serve_sandbox: false, run_workers: false };
  shop = await createKassa(settings, hooks, world, options);
}

async function run(args: string[], env: Record<string, string> = {}) {
  return kassaHere([...args, '--config', BLUE_HALL], { ...environment(), ...env });
}
const json = ({ out }: { out: string }) => JSON.parse(out) as Record<string, unknown>;

async function checkout(credential: string) {
  const answer = await shop.fetch(
    new Request('http://127.0.0.1:4242/api/payments/v1/checkout/session', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${credential}` },
      body: JSON.stringify({ offer: 'lakers', success_url: 'http://127.0.0.1:4242/pay' }),
    }),
    { ip: '127.0.0.1' },
  );
  return { status: answer.status, body: await answer.text() };
}

test('a key made before the first start, one that counts while the shop runs, and one that is ended', async () => {
  const made = await run(['key', 'create', '--kind', 'publishable', '--name', 'Our page', '--json']);
  expect(made).toMatchObject({ code: 0, err: '' });
  const { key, id, ...rest } = json(made);
  expect(key).toMatch(/^kassa_pk_test_[0-9a-z]{52}$/);
  expect(rest).toMatchObject({ what: 'key', kind: 'publishable', name: 'Our page', scopes: [], tenant: 'default' });
  await startShop();
  expect((await checkout(String(key))).status).toBe(200);

  const agent = await run([
    'key',
    'create',
    '--kind',
    'agent',
    '--scope',
    'all',
    '--cap',
    'payment=300usd,day=1000.50usd',
  ]);
  expect(agent.code).toBe(0);
  const [text = '', words] = agent.out.split('\n');
  expect(text).toMatch(/^kassa_ak_test_/);
  expect(words).toContain('at most payment 300.00 usd, day 1000.50 usd');
  const now = realClock.now();
  const known = await recognizeKey(fresh.db, 'test', text, now);
  expect(known).toMatchObject({
    kind: 'agent',
    scopes: SCOPES,
    caps: { payment: { usd: 30_000 }, day: { usd: 100_050 } },
  });
  expect(await recognizeKey(fresh.db, 'live', text, now)).toBeUndefined();

  const listed = (await run(['key', 'list'])).out;
  expect(listed).toMatch(new RegExp(`^${String(id)} {2}publishable .*"Our page".* used 20`, 'm'));
  expect(listed).not.toContain(String(key));
  expect(listed).not.toContain(text);

  expect((await run(['key', 'revoke', String(id)])).out).toMatch(/^revoked/);
  expect((await run(['key', 'revoke', String(id), '--json'])).code).toBe(0);
  expect((await checkout(String(key))).status).toBe(401);
  const { rows } = await sql<{ action: string; actor: string }>`
    select action, actor from kassa.audit_log where action like 'key%' order by id`.execute(fresh.db);
  expect(rows.map(({ action }) => action)).toEqual(['key_made', 'key_made', 'key_revoked']);
  expect(
    JSON.stringify(await inTransaction(fresh.db, (tx) => tx.selectFrom('api_keys').selectAll().execute())),
  ).not.toContain(text);
}, 120_000);

test('the time of last use is noted once a minute', async () => {
  const text = String(json(await run(['key', 'create', '--scope', 'payments:read', '--json'])).key);
  const at = (s: number) => new Date(Date.UTC(2027, 0, 1, 0, 0, s));
  const used = async (s: number) => {
    await recognizeKey(fresh.db, 'test', text, at(s));
    return (await recognizeKey(fresh.db, 'test', text, at(s)))?.last_used_at;
  };
  expect(await used(0)).toEqual(at(0));
  expect(await used(59)).toEqual(at(0));
  expect(await used(60)).toEqual(at(60));
}, 120_000);

test('a token signs a buyer in at the shop that runs', async () => {
  const { code, out } = await run(['token', '--email', 'ann@example.com', '--user', 'ann']);
  expect(code).toBe(0);
  expect(await checkout(out.trim())).toMatchObject({ status: 200 });
  const { rows } = await sql`select user_id, email from kassa.orders order by id desc limit 1`.execute(fresh.db);
  expect(rows).toEqual([{ user_id: 'ann', email: 'ann@example.com' }]);
}, 120_000);

test('the commands of the page about callers run as printed', async () => {
  const page = readFileSync(new URL('../../../../docs/callers.md', import.meta.url), 'utf8');
  const commands = [...page.matchAll(/^npx kassa (.+)$/gm)].map((match) => match[1] ?? '');
  expect(commands.length).toBeGreaterThan(4);
  for (const command of commands) {
    const words = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
    expect({ command, ...(await run(words)) }).toMatchObject({ command, code: 0, err: '' });
  }
}, 120_000);

describe('what is refused', () => {
  async function type(...args: string[]) {
    let [out, err] = ['', ''];
    const streams = {
      out: { write: (text: string) => (out += text) },
      err: { write: (text: string) => (err += text) },
    };
    return { code: await commandLine(args, streams), out, err };
  }

  test.each<[string[], string]>([
    [['key'], 'kassa key is followed by one of create, list, revoke. See kassa key --help.\n'],
    [['key', 'make'], 'kassa key is followed by one of create, list, revoke. See kassa key --help.\n'],
    [
      ['key', 'create', '--kind', 'secrte'],
      '--kind is publishable, secret, agent, not "secrte"; did you mean "secret"?\n',
    ],
    [['key', 'create', '--scope', 'payment:read'], 'There is no scope "payment:read"; did you mean "payments:read"?\n'],
    [
      ['key', 'create', '--kind', 'publishable', '--scope', 'all'],
      'A publishable key has no scopes: it may do what anybody may. Leave --scope away.\n',
    ],
    [
      ['key', 'create', '--scope', 'all', '--scope', 'all'],
      '--scope is given twice: give it once, with commas where it takes several.\n',
    ],
    [
      ['key', 'create', '--scope', 'all', '--cap', '300usd'],
      '--cap is a list such as payment=300usd,day=1000usd,refund=50usd; "300usd" is not.\n',
    ],
    [['key', 'create', '--scope', 'all', '--cap', 'day=1usd,day=2USD'], '--cap names day in USD twice.\n'],
    [['key', 'create', '--scope', 'all', '--cap', 'day=1.005usd'], '--cap: '],
    [['key', 'revoke', 'x', 'y'], 'kassa key revoke takes no "y". See kassa key revoke --help.\n'],
    [['key', 'revoke', 'x'], '"x" is no id of a key: kassa key list shows them.\n'],
    [['token'], 'Say who it is: --user ann, --email ann@example.com, or both.\n'],
    [['token', '--email', 'ann'], '--email takes an address such as ann@example.com, not "ann".\n'],
    [['token', '--user', 'ann', '--hours', '0'], '--hours is a whole number from 1 to 720.\n'],
  ])('%j', async (args, sentence) => {
    const { code, out, err } = await type(...args);
    expect([code, out]).toEqual([2, '']);
    expect(err.startsWith(sentence)).toBe(true);
  });

  test('a secret key that may do nothing in particular, and an id that no key has', async () => {
    expect((await type('key', 'create')).err).toContain(
      'Say what the key may do: --scope all, or some of payments:read',
    );
    const { code, err } = await run(['key', 'revoke', 'key_01h455vb4pex5vsknk084sn02q']);
    expect([code, err]).toEqual([
      1,
      'This shop has no key key_01h455vb4pex5vsknk084sn02q: kassa key list shows its keys.\n',
    ]);
    const other = await run(['key', 'list', '--tenant', 'other']);
    expect([other.code, other.err]).toEqual([3, 'There is no shop "other"; there is default.\n']);
  }, 120_000);

  test('a token with a live key, or where somebody else signs tokens', async () => {
    const live = { STRIPE_SECRET_KEY: ['sk', 'live', '1234567890'].join('_'), FRONTEND_URL: 'https://shop.example' };
    const refused = await run(['token', '--user', 'ann'], live);
    expect([refused.code, refused.out]).toEqual([3, '']);
    expect(refused.err).toContain('STRIPE_SECRET_KEY is live');
    const elsewhere = await run(['token', '--user', 'ann'], { KASSA_AUTH_JWKS_URL: 'https://id.example/jwks' });
    expect([elsewhere.code, elsewhere.err]).toEqual([
      3,
      'KASSA_AUTH_JWKS_URL says who signs tokens: ask there for one.\n',
    ]);
  }, 120_000);

  test('kassa key --help tells all three', async () => {
    const { code, out } = await type('key', '--help');
    expect(code).toBe(0);
    for (const command of ['key create', 'key list', 'key revoke']) expect(out).toContain(`kassa ${command}`);
  });
});
