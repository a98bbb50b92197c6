import { checkHooks, type HookCall, type HookEvent, type Hooks } from '../../../src/config/hooks.ts';
import type { StandIns } from '../../../src/config/stand-ins.ts';
import type { Settings } from '../../../src/config.ts';
import type { Clock } from '../../../src/kernel/clock.ts';
import { fromTypeId, idsFrom } from '../../../src/kernel/ids.ts';
import { silentLog } from '../../../src/kernel/log.ts';
import type { OutboxDesk } from '../../../src/outbox/desk.ts';
import { drainOutbox } from '../../../src/outbox/drain.ts';
import { catchingMailer } from '../../../src/outbox/mailer.ts';
import { catchingMessenger } from '../../../src/outbox/sms/messenger.ts';
import { DELIVERY_LIMIT_MS } from '../../../src/outbox/time-limit.ts';
import { builtInEngine } from '../../../src/outbox/workflows/built-in-engine.ts';
import { diceOf } from '../../engine/dice.ts';
import { type Life, newLife } from '../../engine/lives.ts';
import { createScheduler, type Scheduler } from '../../engine/scheduler.ts';
import { createTrace } from '../../engine/trace.ts';
import { databaseGate } from '../../world/database/gate.ts';
import type { Ground } from '../../world/database/ground.ts';
import { isAway } from '../../world/node.ts';
import { BLOW_WORDS, type Blows, FATES } from '../blows.ts';
import { createReceiver, type Receiver, running } from './receiver.ts';

/** What a schedule is played in: two workers on one database, and a receiver for everything outside. */
export interface TortureWorld {
  readonly scheduler: Scheduler;
  readonly receiver: Receiver;
  /** What happened, in order, for people. */
  readonly story: readonly string[];
  /** How many calls of hooks have not come to their end. */
  busy(): number;
  /** Sends an idle worker round. Answers whether anybody was idle. */
  wake(): boolean;
  start(): void;
}

export interface WorldPlan {
  readonly seed: string;
  readonly start_ms: number;
  readonly ground: Ground;
  readonly blows: Blows;
  readonly on: Hooks['on'];
  readonly stand_ins: StandIns;
  readonly settings: Settings;
  /** The place of each order in its book. */
  readonly place_of: ReadonlyMap<string, number>;
}

const WORKERS = 2;
const JOBS_PER_ROUND = 20;
const RESTART_MS_MAX = 5_000;

interface Worker {
  readonly name: string;
  life: Life;
  idle: (() => void) | undefined;
  woken: boolean;
}

interface Core {
  readonly plan: WorldPlan;
  readonly scheduler: Scheduler;
  readonly clock: Clock;
  readonly workers: Worker[];
  readonly tell: (sentence: string) => void;
  /** Ends the worker behind this life, and starts it again a little later. */
  crash(life: Life): void;
}

/** Puts a world together. Nothing in it moves before `scheduler.run`. */
export function buildWorld(plan: WorldPlan): TortureWorld {
  const { seed, start_ms, ground, blows } = plan;
  const dice = diceOf(`${seed}/schedule`);
  const scheduler = createScheduler({ dice, trace: createTrace(), start_ms, haste: 0 });
  const story: string[] = [];
  const tell = (sentence: string): void => {
    const { name = 'the house' } = scheduler.current() ?? {};
    story.push(`${Math.round((scheduler.now() - start_ms) / 1000)} s  ${name}: ${sentence}`);
  };
  const workers: Worker[] = [];
  const clock = clockOf(scheduler);
  const supervisor = newLife('supervisor');
  const core: Core = {
    ...{ plan, scheduler, clock, workers, tell },
    crash(life) {
      const worker = workers.find((one) => one.life === life);
      if (!worker || life.dead) return;
      scheduler.kill(life);
      database.abandon(life);
      worker.idle = undefined;
      scheduler.spawn(supervisor, 'start again', async () => {
        await scheduler.sleep(dice.below(RESTART_MS_MAX));
        begin(worker);
      });
    },
  };
  const database = lendDatabase(core, blows, ground);
  const receiver = receiverOf(core);
  let calls = 0;
  const desk = deskOf(core, (by) => {
    calls += by;
  });
  const begin = (worker: Worker): void => {
    worker.life = newLife(worker.name);
    worker.woken = true;
    scheduler.spawn(worker.life, 'outbox', () => work(core, worker, desk));
  };
  return {
    ...{ scheduler, receiver, story },
    busy: () => calls,
    wake() {
      const resting = workers.filter(({ idle }) => idle !== undefined);
      if (resting.length === 0) return false;
      const worker = dice.pick(resting);
      const resume = worker.idle;
      worker.idle = undefined;
      resume?.();
      return true;
    },
    start() {
      for (let number = 1; number <= WORKERS; number += 1) {
        const worker: Worker = { name: `worker ${number}`, life: newLife(''), idle: undefined, woken: true };
        workers.push(worker);
        begin(worker);
      }
    },
  };
}

/** A clock whose sleeper wakes early when nobody waits any more, as the real one's does. */
function clockOf(scheduler: Scheduler): Clock {
  return {
    now: () => new Date(scheduler.now()),
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const cancel = scheduler.after(ms, resolve);
        signal?.addEventListener('abort', () => {
          cancel();
          resolve();
        });
      }),
  };
}

async function work({ scheduler }: Core, worker: Worker, desk: OutboxDesk): Promise<void> {
  for (;;) {
    if (!worker.woken) {
      await new Promise<void>((resume) => {
        worker.idle = resume;
      });
    }
    worker.woken = false;
    await scheduler.point('outbox');
    try {
      await drainOutbox(desk, JOBS_PER_ROUND);
    } catch (error) {
      // As the real loop: what was not done stays due, and is gone round for a second later.
      if (!isAway(error)) throw error;
      await scheduler.sleep(1_000);
      worker.woken = true;
    }
  }
}

function lendDatabase({ scheduler, clock, crash, tell, plan }: Core, blows: Blows, ground: Ground) {
  const faults = {
    strike: () => {
      const name = blows.strike(FATES);
      if (name !== undefined) tell(`${BLOW_WORDS[name]}`);
      return name;
    },
    note: () => undefined,
    away: () => false,
    stop: () => undefined,
    stopped: false,
    remembers: false,
    counts: new Map(),
    drawn: 0,
    scripted_ms: undefined,
  };
  const database = databaseGate({
    ...{ scheduler, faults: { ...faults, strike: (port) => (port === 'database' ? faults.strike() : undefined) } },
    ...{ dice: diceOf(`${plan.seed}/database`), waits: undefined, crash, clock_step_ms: 1 },
    spared: () => false,
    committed: () => undefined,
    deadlock: () => undefined,
  });
  // The house's own connections are opened while hooks run, and are not theirs.
  const gate: typeof database.gate = (point, run) => running.exit(() => database.gate(point, run));
  ground.lendTo({ gate, clock, random: diceOf(`${plan.seed}/retries`) });
  return database;
}

function receiverOf({ plan, scheduler, tell, crash }: Core): Receiver {
  return createReceiver({
    ...{ scheduler, tell, blows: plan.blows, stand_ins: plan.stand_ins },
    async crashHere() {
      const life = scheduler.current();
      if (life) crash(life);
      return new Promise<never>(() => undefined);
    },
    async overtake({ delivery_of, event }) {
      await scheduler.io(() =>
        plan.ground.ask(
          `update kassa.deliveries delivery set lease_until = 'epoch' from kassa.outbox_messages message
           where message.id = delivery.message_id and message.order_id = $1 and message.topic = $2
             and delivery.lease_until is not null`,
          [delivery_of, event],
        ),
      );
    },
  });
}

function deskOf({ plan, clock, tell }: Core, count: (by: number) => void): OutboxDesk {
  const random = diceOf(`${plan.seed}/desk`);
  const watched = (event: HookEvent, hook: (call: HookCall) => Promise<void> | void) => async (call: HookCall) => {
    const delivery_of = fromTypeId('ord', call.order.id) ?? '';
    const order = plan.place_of.get(delivery_of) ?? 0;
    tell(`${event} of order ${order} begins, try ${call.attempt}`);
    count(1);
    try {
      await running.run({ order, event, attempt: call.attempt, delivery_of }, async () => hook(call));
      tell(`${event} of order ${order} is done`);
    } catch (error) {
      tell(`${event} of order ${order} throws ${error instanceof Error ? error.message : String(error)}`);
      throw error;
    } finally {
      count(-1);
    }
  };
  const on = Object.entries(plan.on).map(([event, hook]) => [event, watched(event as HookEvent, hook)]);
  const { seller, time_zone, notify } = plan.settings;
  return {
    ...{ db: plan.ground.db, clock, random, ids: idsFrom(clock, random), log: silentLog },
    ...{ limit_ms: DELIVERY_LIMIT_MS, mailer: catchingMailer(), messenger: catchingMessenger() },
    seller: { name: seller.name, email: seller.email, time_zone },
    ...{ sender: notify.from, confirmation: notify.confirmation },
    workflows: builtInEngine(() => Promise.reject(new Error('hooks start no workflow'))),
    hooks: checkHooks({ on: Object.fromEntries(on) }).on,
  };
}
