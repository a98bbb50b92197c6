import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LoadPlan } from '../load/plan.ts';
import type { Block } from '../report/results.ts';
import { writeStatements } from '../report/statements.ts';
import type { ShopWish } from '../shop/wish.ts';
import { type Child, type Driver, startChild, startDriver } from './children.ts';
import { type Ground, openGround } from './ground.ts';

/** How a run is made. */
export interface Wishes {
  readonly rounds: number;
  readonly slice_s: number;
  /** Orders and events that B15 fills in. */
  readonly size: number;
  readonly connections: number;
  /** Folder in which other programs are installed, each in its own (bench/peers); null: none is measured. */
  readonly peers: string | null;
  /** Folder for profiles of the shops and of their database; null: none are taken. They cost about a tenth of the speed. */
  readonly profiles: string | null;
}

/** Everything that a benchmark needs; opened before it and closed after it, so that none meets another's rest. */
export interface Bench extends Wishes {
  readonly ground: Ground;
  readonly driver: Driver;
  readonly stripe: Child;
  say(line: string): void;
  startReference(): Promise<Child>;
  /** A Kassa on the ground's database; workers and batches as in production unless told. */
  startShop(wish?: Partial<ShopWish>): Promise<Child>;
  startPlainCheckout(): Promise<Child>;
  /** A program of bench/peers, which is told where the stub of Stripe listens. */
  startPeer(file: string, environment: Readonly<Record<string, string>>): Promise<Child>;
  /** What the stub of Stripe was asked since it last forgot, after setting it. */
  askStripe(question: StripeQuestion): Promise<StripeBooks>;
}

export interface StripeQuestion {
  readonly set?: { readonly latency_ms?: number; readonly per_second?: number | null };
  readonly forget?: true;
}

export interface StripeBooks {
  readonly calls: Readonly<Record<string, number>>;
  readonly refused: number;
  readonly sessions: number;
  /** How long answers were held back, in milliseconds. */
  readonly median_ms: number;
}

export interface Benchmark {
  readonly id: string;
  readonly title: string;
  run(bench: Bench): Promise<Omit<Block, 'block' | 'title'>>;
}

const EVENT = fileURLToPath(new URL('../reference/event-of-3755-bytes.txt', import.meta.url));

/** The frozen event of R, `{n}` for its number. */
export const eventBody = (): string => readFileSync(EVENT, 'utf8');

/** Opens the ground, the driver and the stub, runs the benchmark of this name, and closes all of it also when that throws. */
export async function withBench<Result>(
  name: string,
  { wishes, say }: { readonly wishes: Wishes; readonly say: (line: string) => void },
  work: (bench: Bench) => Promise<Result>,
): Promise<Result> {
  const { profiles } = wishes;
  const ground = await openGround(profiles !== null);
  const children: { stop(): Promise<void> }[] = [];
  const keep = async <Started extends { stop(): Promise<void> }>(starting: Promise<Started>): Promise<Started> => {
    const started = await starting;
    children.push(started);
    return started;
  };
  try {
    const driver = await keep(startDriver());
    const stripe = await keep(startChild('stub/stripe.ts', {}));
    return await work({
      ...wishes,
      ...{ ground, driver, stripe, say },
      startReference: () => keep(startChild('reference/r.ts', { BENCH_DATABASE_URL: ground.reference_url })),
      startShop: (wish = {}) => {
        const folder = join(ground.folder, `shop-${children.length}`);
        const usual = { workers: [], batches: true, within_stripe_limits: false };
        const whole: ShopWish = {
          ...{ database_url: ground.kassa_url, stripe_port: stripe.port, folder },
          ...usual,
          ...wish,
        };
        const options = profiles === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`];
        return keep(startChild('shop/server.cjs', { BENCH_SHOP: JSON.stringify(whole) }, options));
      },
      startPlainCheckout: () =>
        keep(startChild('reference/plain-checkout.ts', { BENCH_STRIPE_PORT: String(stripe.port) })),
      startPeer: (file, environment) =>
        keep(startChild(file, { BENCH_STRIPE_PORT: String(stripe.port), ...environment })),
      askStripe: async (question) => (await stripe.ask(question)) as StripeBooks,
    });
  } finally {
    for (const child of children.toReversed()) await child.stop();
    // Whoever was measured may have taken the database with them.
    const told = profiles === null ? undefined : writeStatements(ground.kassa, profiles, name);
    await told?.catch((error: unknown) => say(`no statements: ${String(error)}`));
    await ground.close();
  }
}

/** What every plan shares; a target says what it changes. */
export function planFor(bench: Bench, server: Child, part: Partial<LoadPlan>): LoadPlan {
  return {
    port: server.port,
    method: 'POST',
    path: '/',
    headers: { 'Content-Type': 'application/json' },
    body: null,
    sign_with: null,
    connections: bench.connections,
    seconds: bench.slice_s,
    count_max: Number.MAX_SAFE_INTEGER,
    first: 0,
    cycle: null,
    per_second: null,
    patience_ms: 30_000,
    journey: null,
    ...part,
  };
}
