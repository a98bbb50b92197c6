// A shop in a process of its own, as `npm run contracts` starts it, with everything that an outsider can reach: its
// HTTP, its stand-in for Stripe, its log file, its database, the computer's clock, and the switch.
import { type ChildProcess, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { inject } from 'vitest';
import { type Answer, type Sent, send } from './http.ts';
import { atRest, clear } from './rest.ts';
import { embeddedUrl, OURS, openRows, type Row, type Rows } from './rows.ts';
import { type Sandbox, sandboxAt } from './sandbox.ts';
import { until } from './until.ts';

const HERE = fileURLToPath(new URL('../..', import.meta.url));
const SERVER = join(HERE, 'server.ts');
const KASSA = join(HERE, '../../packages/kassa/src/cli/main.ts');
const COMPUTER = fileURLToPath(new URL('./computer.mjs', import.meta.url));

/** Secrets that the shop is given beside the sandbox's own; each of them signs events. */
export const WEBHOOK_SECRETS = ['whsec_checks_first', 'whsec_checks_second'] as const;
const AUTH_SECRET = 'a secret that only this test run and its shops share';
export const ORIGIN = 'https://shop.example';

/** The line of `npm run contracts -- --json`. */
export interface Told {
  readonly url: string;
  readonly sandbox_url: string;
  readonly sandbox_token: string;
  readonly keys: { readonly full: string; readonly plain: string; readonly agent: string };
  readonly tokens: { readonly a: string; readonly b: string };
  readonly hosts: readonly string[];
}

export interface Shop extends Told {
  readonly sandbox: Sandbox;
  readonly rows: Rows;
  readonly child: ChildProcess;
  /** The configuration that it runs on: a folder or a file, for its command line. */
  readonly config: string;
  get(path: string, sent?: Sent): Promise<Answer>;
  post(path: string, body?: unknown, sent?: Sent): Promise<Answer>;
  send(method: string, path: string, sent?: Sent): Promise<Answer>;
  /** Everything in its log file. */
  log(): string;
  /** Sets the computer's clock forward: the shop's and its sandbox's. Milliseconds. */
  pass(ms: number): Promise<void>;
  /** The shop's own time in milliseconds. */
  now(): number;
  /** Waits until nothing is due: no event to handle, no message to send, no checkout half open. */
  rest(): Promise<void>;
  /** Every page and intent that is still open ends at Stripe, as if its time were over, and what it held is free. */
  clear(): Promise<void>;
  /** Does something while the shop's database lets nobody in. */
  cutDatabase(meanwhile: () => Promise<void>): Promise<void>;
  /** The mail and messages that were sent because of an order. */
  mails(order_id: string): Promise<readonly Row[]>;
  /** A token of another buyer, signed as the shop's own sign-in would sign it. */
  token(claims: { readonly sub: string; readonly email?: string }): string;
  /** The command line of this shop, beside it. */
  kassa(...args: readonly string[]): Promise<{ readonly code: number | string; readonly said: string }>;
  /** A key of its own, made on the command line. */
  makeKey(wish: {
    readonly kind?: string;
    readonly scope?: string;
    readonly cap?: string;
    readonly tenant?: string;
  }): Promise<string>;
  end(signal?: NodeJS.Signals): Promise<number | string>;
  /** The same shop on the same folder once more, after `end`. */
  again(): Promise<Shop>;
  /** Ends it and removes what it wrote. */
  close(): Promise<void>;
}

export interface ShopWish {
  /** A configuration below `variants/`, without its ending. Default: the shop of the checks itself. */
  readonly variant?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** A Postgres of its own in its own data folder, instead of a database on the server that all checks share. */
  readonly own_database?: boolean;
}

/** Starts a shop on a folder and a database that nobody has used before. */
export async function openShop(wish: ShopWish = {}): Promise<Shop> {
  const folder = mkdtempSync(join(inject('checks_run').folder, 'shop-'));
  const database_url = wish.own_database ? undefined : await newDatabase();
  return start({ folder, database_url, wish });
}

interface Place {
  readonly folder: string;
  readonly database_url: string | undefined;
  readonly wish: ShopWish;
}

async function start(place: Place): Promise<Shop> {
  const { folder } = place;
  const data_folder = join(folder, 'kassa');
  const clock_file = join(folder, 'clock');
  if (!existsSync(clock_file)) writeFileSync(clock_file, '0');
  writeFileSync(`${clock_file}.set`, '');
  mkdirSync(data_folder, { recursive: true });
  const launched = launch(place, { data_folder, clock_file });
  const told = await launched.told;
  const url_of_rows = place.database_url ?? embeddedUrl(data_folder);
  const rows = await openRows(url_of_rows);
  const { child } = launched;
  const end = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<number | string> => {
    await rows.close();
    child.kill(signal);
    return launched.ended;
  };
  const sandbox = sandboxAt(told.sandbox_url, told.sandbox_token);
  const ahead_ms = (): number => Number(readFileSync(clock_file, 'utf8'));
  const pass = async (ms: number): Promise<void> => {
    const ahead = String(ahead_ms() + ms);
    writeFileSync(clock_file, ahead);
    child.kill('SIGUSR2');
    await until('the clock is set', () => (readFileSync(`${clock_file}.set`, 'utf8') === ahead ? true : undefined));
  };
  const kassa: Shop['kassa'] = async (...args) => {
    const command = spawn(process.execPath, ['--import', COMPUTER, KASSA, ...args], {
      env: launched.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [command.stdout, command.stderr]) {
      stream.on('data', (bytes: Buffer) => {
        said += bytes.toString();
      });
    }
    const code = await new Promise<number | string>((resolve) =>
      command.on('close', (number, signal) => resolve(number ?? signal ?? 'unknown')),
    );
    return { code, said };
  };
  const now = (): number => Date.now() + ahead_ms();
  const rest = (): Promise<void> => atRest({ sandbox, rows, now });
  const ask: Shop['send'] = (method, path, sent) => send(told.url, method, path, sent);
  return {
    ...told,
    ...{ sandbox, child, end, send: ask, config: configOf(place.wish) },
    // Two dumps are only worth comparing when nothing was on its way at either of them.
    rows: { ...rows, dump: async (options) => rest().then(() => rows.dump(options)) },
    get: (path, sent) => ask('GET', path, sent),
    post: (path, body, sent = {}) => ask('POST', path, { ...(body === undefined ? {} : { body }), ...sent }),
    log: () => readFileSync(join(data_folder, 'kassa.log'), 'utf8'),
    pass,
    now,
    rest,
    clear: () => clear({ sandbox, rows, pass, now }),
    cutDatabase: (meanwhile) => cutDatabase(url_of_rows, meanwhile),
    mails: (order_id) => rows.read('select * from kassa.notifications where order_id = $1', order_id),
    kassa,
    makeKey: async (wish) => {
      const flags = Object.entries(wish).flatMap(([name, value]) => [`--${name}`, value]);
      const { code, said } = await kassa('key', 'create', '--json', ...flags, '--config', configOf(place.wish));
      if (code !== 0) throw new Error(`kassa key create ended with ${code}: ${said}`);
      return String((JSON.parse(said.split('\n')[0] ?? '') as { key: string }).key);
    },
    token: (claims) => sign(claims, now()),
    again: () => start(place),
    async close() {
      if (child.exitCode === null && child.signalCode === null) await end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function configOf({ variant }: ShopWish): string {
  return variant === undefined ? HERE : join(HERE, 'variants', `${variant}.config.ts`);
}

interface Launched {
  readonly child: ChildProcess;
  readonly env: NodeJS.ProcessEnv;
  readonly told: Promise<Told>;
  readonly ended: Promise<number | string>;
}

function launch({ wish, database_url }: Place, paths: { data_folder: string; clock_file: string }): Launched {
  const { PATH = '', HOME = '', TMPDIR } = process.env;
  const wanted = {
    ...{ PATH, HOME, TMPDIR, NO_COLOR: '1', PORT: '0', KASSA_SANDBOX_PORT: '0' },
    ...{ KASSA_DATA_DIR: paths.data_folder, CHECKS_CLOCK: paths.clock_file },
    FRONTEND_URL: ORIGIN,
    ...{ STRIPE_WEBHOOK_SECRET: WEBHOOK_SECRETS.join(','), KASSA_AUTH_SECRET: AUTH_SECRET, DATABASE_URL: database_url },
    KASSA_AUTH_SECRET__OTHER: AUTH_SECRET,
    ...wish.env,
  };
  const env = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined));
  const child = spawn(process.execPath, ['--import', COMPUTER, SERVER, '--json', '--config', configOf(wish)], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (bytes: Buffer) => {
    out += bytes.toString();
  });
  child.stderr.on('data', (bytes: Buffer) => {
    err += bytes.toString();
  });
  let over: number | string | undefined;
  const ended = new Promise<number | string>((resolve) => {
    child.on('close', (code, signal) => {
      over = code ?? signal ?? 'unknown';
      resolve(over);
    });
  });
  const told = until(
    'the shop is ready',
    () => {
      if (over !== undefined) throw new Error(`the shop ended with ${over} instead of starting:\n${out}${err}`);
      const [line, rest] = out.split('\n', 2);
      return rest === undefined ? undefined : (JSON.parse(line ?? '') as Told);
    },
    START_WAIT_MS,
  );
  return { child, env, told, ended };
}

const START_WAIT_MS = 60_000;
let databases = 0;

/** A new, empty database on the server of the first shop of this run. */
async function newDatabase(): Promise<string> {
  databases += 1;
  const name = `checks_${process.pid}_${databases}`;
  await asAdmin(`create database ${name}`);
  const url = new URL(inject('checks_run').database_url);
  url.pathname = `/${name}`;
  return url.href;
}

async function asAdmin(...statements: readonly string[]): Promise<void> {
  const admin = new Client({ connectionString: inject('checks_run').database_url });
  await admin.connect();
  try {
    for (const statement of statements) await admin.query(statement);
  } finally {
    await admin.end();
  }
}

async function cutDatabase(url: string, meanwhile: () => Promise<void>): Promise<void> {
  const name = new URL(url).pathname.slice(1);
  await asAdmin(
    `alter database ${name} allow_connections false`,
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}' and application_name <> '${OURS}'`,
  );
  try {
    await meanwhile();
  } finally {
    await asAdmin(`alter database ${name} allow_connections true`);
  }
}

function sign(claims: object, now_ms: number): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const exp = Math.floor(now_ms / 1000) + 3_600;
  const body = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ ...claims, exp })}`;
  return `${body}.${createHmac('sha256', AUTH_SECRET).update(body).digest('base64url')}`;
}
