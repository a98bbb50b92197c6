import type { Sandbox } from '@kassa/sandbox';
import type { Hooks } from '../../src/config/hooks.ts';
import type { Settings } from '../../src/config.ts';
import { type Database, inTransaction, setTimer } from '../../src/database/index.ts';
import { WebhookRefused } from '../../src/domain/payments/index.ts';
import { syncCatalog } from '../../src/flows/sync-catalog.ts';
import { type BuiltHouse, houseOf } from '../../src/house-of.ts';
import { drainInbox } from '../../src/inbox/drain.ts';
import type { Clock } from '../../src/kernel/clock.ts';
import type { Http } from '../../src/kernel/http.ts';
import { idsFrom } from '../../src/kernel/ids.ts';
import type { Log } from '../../src/kernel/log.ts';
import { drainOutbox } from '../../src/outbox/drain.ts';
import type { Mailer } from '../../src/outbox/mailer.ts';
import { LIVE_RATES } from '../../src/stripe/budget.ts';
import { createGateway } from '../../src/stripe/gateway.ts';
import { runTimers } from '../../src/workflows/run-timers.ts';
import { type Dice, diceOf } from '../engine/dice.ts';
import { type Life, newLife, type Scheduler } from '../engine/scheduler.ts';
import type { Faults } from '../faults/faults.ts';

export type WorkerName = 'inbox' | 'timers' | 'outbox';
export const WORKERS: readonly WorkerName[] = ['inbox', 'timers', 'outbox'];

/** Everything that a node is made of; the same for each of its lives. */
export interface NodeWorld {
  readonly seed: string;
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly dice: Dice;
  readonly db: Database;
  readonly sandbox: Sandbox;
  readonly settings: Settings;
  readonly hooks: Hooks;
  readonly mailer: Mailer;
  readonly http: Http;
  readonly webhook_secret: string;
  readonly log: Log;
  /** How often this run compares with Stripe, in milliseconds. */
  readonly reconcile_every_ms: number;
  /** Everything that this life had open elsewhere is closed by those who notice. */
  readonly died: (life: Life) => void;
}

/** One server process of Kassa: it starts, works, dies without a word, and is started again. */
export interface KassaNode {
  readonly name: string;
  /** The house while it stands; undefined while the node is down or starting. */
  built(): BuiltHouse | undefined;
  start(): void;
  crash(): void;
  owns(life: Life): boolean;
  /** Does something at this node in the name of whoever asks. @throws Died when the node goes, or is not there. */
  call<T>(work: (built: BuiltHouse) => Promise<T>): Promise<T>;
  /** A webhook as raw bytes. Answers the HTTP status. @throws Died */
  receive(raw: Uint8Array, signature: string | null): Promise<number>;
  /** Sends its idle workers round. Answers whether anybody was idle. */
  wake(names: readonly WorkerName[]): boolean;
  /** Milliseconds by which its clock is ahead of the world's. */
  skew_ms: number;
  readonly starts: number;
}

const EVENTS_PER_ROUND = 50;
const JOBS_PER_ROUND = 20;
const DOWN_MS_MAX = 20_000;
/** Longer than every lease: whoever sleeps so long has been given up by the others. */
const PAUSE_MS_MAX = 5 * 60_000;

export function createNode(world: NodeWorld, name: string): KassaNode {
  const { scheduler, faults, dice } = world;
  let life: Life | undefined;
  let built: BuiltHouse | undefined;
  let starts = 0;
  const idle = new Map<WorkerName, () => void>();
  const woken = new Set<WorkerName>();
  const supervisor = newLife(`${name} supervisor`);

  const clock: Clock = {
    now: () => new Date(scheduler.now() + node.skew_ms),
    sleep: (ms) => scheduler.sleep(ms),
  };
  const wake = (names: readonly WorkerName[]): boolean => {
    let anybody = false;
    for (const one of names) {
      const resume = idle.get(one);
      idle.delete(one);
      if (resume) resume();
      else woken.add(one);
      anybody ||= resume !== undefined;
    }
    return anybody;
  };
  /** A worker has nothing to do: it waits for a hint, or for the harness that knows when something falls due. */
  const rest = async (worker: WorkerName): Promise<void> => {
    if (!woken.delete(worker)) await new Promise<void>((resume) => void idle.set(worker, resume));
    if (faults.strike('node', ['worker_paused'], worker)) await scheduler.sleep(dice.below(PAUSE_MS_MAX));
    await scheduler.point(worker);
  };
  const work = async (worker: WorkerName, round: () => Promise<number>): Promise<void> => {
    for (;;) {
      await rest(worker);
      try {
        while ((await round()) > 0) {
          if (worker !== 'outbox') wake(['outbox']);
        }
      } catch (error) {
        // As the real loop: a round that failed is written to the log and gone round again, a second later.
        if (isHarnessBug(error)) throw error;
        await scheduler.sleep(1_000);
        woken.add(worker);
      }
    }
  };
  const stand = async (own: Life): Promise<void> => {
    const random = diceOf(`${world.seed}/${name}/${starts}`);
    const own_world = { clock, random, ids: idsFrom(clock, random), log: world.log, http: world.http };
    const { settings, sandbox, db } = world;
    const tenant = { key: 'shop', name: 'Blue Hall', hosts: [], origins: ['https://shop.example'] };
    const shop = await syncCatalog(
      { db, clock, ids: own_world.ids },
      { tenant, mode: 'test', offers: settings.offers },
    );
    const address = { secret_key: sandbox.keys.secret, host: '127.0.0.1', port: 4243 };
    const gateway = createGateway({
      ...own_world,
      address,
      rates: LIVE_RATES,
      webhook_secrets: [world.webhook_secret],
    });
    const up = houseOf({
      ...{ settings, hooks: world.hooks, world: own_world, db, worker_db: db, gateway, mailer: world.mailer, shop },
      ...{ auth_secret: null, form_secret: 'forms', site_folder: null, version: 'simulation' },
      pace: { reconcile_every_ms: world.reconcile_every_ms },
      readiness: async () => ({ ready: true, parts: {} }),
    });
    await inTransaction(db, (tx) => setTimer(tx, { subject: shop.tenant_id, kind: 'reconcile', due_at: clock.now() }));
    if (faults.strike('node', ['crashed_in_recovery'], 'start')) return node.crash();
    built = up;
    // A wake-up is a hint and may be lost: whoever knows what is due sends the workers round later.
    up.onWake((worker) => void (dice.chance(0.3) && wake([worker])));
    const { inbox, timers, outbox } = up;
    scheduler.spawn(own, 'inbox', () => work('inbox', () => drainInbox(inbox, EVENTS_PER_ROUND)));
    scheduler.spawn(own, 'timers', () => work('timers', () => runTimers(timers, JOBS_PER_ROUND)));
    scheduler.spawn(own, 'outbox', () => work('outbox', () => drainOutbox(outbox, JOBS_PER_ROUND)));
  };
  const node: KassaNode = {
    name,
    skew_ms: 0,
    built: () => built,
    start() {
      const own = newLife(name);
      life = own;
      starts += 1;
      idle.clear();
      woken.clear();
      for (const worker of WORKERS) woken.add(worker);
      scheduler.spawn(own, 'start', async () => {
        try {
          await stand(own);
        } catch (error) {
          // The database was not there: the process ends with a sentence, and whoever watches it starts it again.
          if (!isAway(error)) throw error;
          node.crash();
        }
      });
    },
    crash() {
      if (!life || life.dead) return;
      scheduler.kill(life);
      world.died(life);
      built = undefined;
      scheduler.spawn(supervisor, 'start again', async () => {
        await scheduler.sleep(dice.below(DOWN_MS_MAX));
        node.start();
      });
    },
    owns: (one) => one === life,
    call: (what) => {
      const standing = built;
      if (!standing || !life) return Promise.reject(new Refused(`${name} is down`));
      return scheduler.within(life, () => what(standing));
    },
    async receive(raw, signature) {
      return node.call(async ({ http }) => {
        try {
          await http.receive(raw, signature);
          return 200;
        } catch (error) {
          if (error instanceof WebhookRefused) return error.status;
          world.log.warn({ err: error }, 'an event was not stored');
          return 503;
        }
      });
    },
    wake,
    get starts() {
      return starts;
    },
  };
  return node;
}

/** Nobody listens there just now. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

/** The database or the connection to it went; every caller meets that some day, and none may fail for it. */
export function isAway(error: unknown): boolean {
  const { code, name } = error as { code?: string; name?: string };
  if (name === 'DatabaseUnavailable' || name === 'CommitUnknown' || name === 'Died' || name === 'Refused') return true;
  return ['ECONNRESET', '40001', '40P01', '55P03'].includes(code ?? '');
}

/** A mistake of the simulation, or a broken rule of the house: never something that a loop goes on after. */
export function isHarnessBug(error: unknown): boolean {
  const name = (error as Error | null)?.name;
  return name === 'Stuck' || (error instanceof Error && /is handed in and never taken/.test(error.message));
}
