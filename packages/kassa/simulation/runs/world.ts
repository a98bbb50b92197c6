import { createSandbox, type Sandbox } from '@kassa/sandbox';
import type { Shop } from '../../src/flows/house.ts';
import { EVENT_READERS } from '../../src/inbox/events/index.ts';
import { type Dice, diceOf } from '../engine/dice.ts';
import { type Life, newLife } from '../engine/lives.ts';
import { createScheduler, type Scheduler } from '../engine/scheduler.ts';
import { START_MS } from '../engine/start.ts';
import { createTrace, type Trace } from '../engine/trace.ts';
import { createFaults, type Faults } from '../faults/faults.ts';
import type { Mix } from '../faults/mix.ts';
import type { Script } from '../faults/script.ts';
import { databaseGate } from '../world/database/gate.ts';
import type { Ground } from '../world/database/ground.ts';
import { rowWaits } from '../world/database/row-waits.ts';
import { type Evidence, newEvidence } from '../world/evidence.ts';
import { createNode, type KassaNode } from '../world/node.ts';
import { recordedHooks, recordedMailer } from '../world/post.ts';
import { shopOf } from '../world/shops.ts';
import type { HouseParts } from '../world/stand-up.ts';
import { stripeWire } from '../world/stripe-wire.ts';
import { watchfulLog } from '../world/watchful-log.ts';
import { webhookWire } from '../world/webhook-wire.ts';
import { openStreet } from './open-street.ts';

const SECRET = 'whsec_simulation';
const MINUTE = 60_000;

/** One simulated world: nodes, buyers, Stripe, and the roads between them. */
export interface World {
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly trace: Trace;
  readonly dice: Dice;
  readonly evidence: Evidence;
  readonly sandbox: Sandbox;
  readonly nodes: readonly KassaNode[];
  readonly webhooks: Mix['webhooks'];
  readonly unexpected: Mix['unexpected'];
  readonly punctual: boolean;
  /** When it began, in virtual milliseconds since 1970. */
  readonly start_ms: number;
  /** Set when something happened since it was last looked at. */
  readonly stir: { queued: boolean; commits: number; released: boolean; sandbox: boolean };
  open(purchases: number): void;
  /** Runs what is due at the sandbox, in its own time. */
  tick(): void;
  close(): Promise<void>;
}

export interface WorldPlan {
  readonly seed: string;
  readonly mix: Mix;
  readonly ground: Ground;
  readonly sink: ((line: string) => void) | undefined;
  readonly script?: Script | undefined;
  /** The shop that stands open when the first node starts. */
  readonly shop: Shop | undefined;
  /** How many shares of a shop there are, one for every ten buyers. */
  readonly shares: number;
}

/** What everything in a world stands on. */
export interface Core
  extends Omit<World, 'sandbox' | 'webhooks' | 'unexpected' | 'punctual' | 'start_ms' | 'open' | 'tick' | 'close'> {
  readonly plan: WorldPlan;
  readonly nodes: KassaNode[];
  /** Work at the sandbox may have made something due there. */
  touched(): void;
  /** Writes into the trace what somebody did or saw. */
  tell(who: string, what: string): void;
  crash(life: Life): void;
  /** Ends the node whose code is running. */
  crashHere(): Promise<void>;
}

/** Puts a world together. Nothing in it moves before `scheduler.run`. */
export function buildWorld(plan: WorldPlan): World {
  const core = coreOf(plan);
  const sandbox_life = newLife('stripe');
  const { scheduler, nodes, stir } = core;
  const sandbox = sandboxOf(core, sandbox_life);
  const died = lendDatabase(core);
  const parts = partsOf(core, sandbox);
  for (let number = 0; number < plan.mix.nodes; number += 1) {
    nodes.push(createNode({ ...core, parts, died }, `node_${number}`));
  }
  const { faults, trace, dice, evidence } = core;
  return {
    ...{ scheduler, faults, trace, dice, evidence, sandbox, nodes, stir, webhooks: plan.mix.webhooks },
    ...{ punctual: plan.mix.punctual, unexpected: plan.mix.unexpected, start_ms: START_MS },
    open: (purchases) => openStreet({ ...core, parts, sandbox }, purchases),
    tick() {
      stir.sandbox = false;
      scheduler.spawn(sandbox_life, 'tick', async () => {
        if ((await sandbox.tick()) > 0) core.touched();
      });
    },
    close: () => sandbox.close(),
  };
}

function coreOf(plan: WorldPlan): Core {
  const { seed, mix } = plan;
  const trace = createTrace(plan.sink);
  const dice = diceOf(`${seed}/schedule`);
  const scheduler = createScheduler({ dice, trace, start_ms: START_MS, haste: mix.haste });
  const evidence = newEvidence();
  const nodes: KassaNode[] = [];
  const stir = { queued: true, commits: 0, released: false, sandbox: true };
  const since_start = (): number => scheduler.now() - START_MS;
  const who = (): string => scheduler.current()?.name ?? 'harness';
  const weary = (): boolean => {
    const life = scheduler.current();
    return life !== undefined && nodes.some((node) => node.owns(life) && node.isWeary());
  };
  const { script } = plan;
  const faults = createFaults({ dice: diceOf(`${seed}/faults`), trace, mix, since_start, who, weary, script });
  const crash = (life: Life): void => nodes.find((node) => node.owns(life))?.crash();
  return {
    ...{ plan, trace, dice, scheduler, evidence, nodes, stir, faults, crash },
    touched() {
      stir.sandbox = true;
    },
    tell: (node, outcome) => trace.add({ t: since_start(), node, point: 'tells', outcome }),
    crashHere() {
      const life = scheduler.current();
      if (life) crash(life);
      return scheduler.point('gone');
    },
  };
}

function sandboxOf({ plan, scheduler, faults, dice, evidence, nodes, tell }: Core, life: Life): Sandbox {
  const deliver = webhookWire({
    ...{ scheduler, faults, dice, evidence, tell, secret: SECRET, webhooks: plan.mix.webhooks },
    toSomeNode: (raw, signature) => {
      const up = nodes.filter((node) => node.built() !== undefined);
      return dice.pick(up.length > 0 ? up : nodes).receive(raw, signature);
    },
  });
  const sandbox = createSandbox({
    clock: { now: () => scheduler.now(), sleep: (ms) => scheduler.within(life, () => scheduler.sleep(ms)) },
    seed: plan.seed,
    webhooks: [{ url: 'http://127.0.0.1/payments/webhook', secret: SECRET, events: Object.keys(EVENT_READERS) }],
    deliveriesInFlight: 8,
    retryProfile: 'stripe-test',
    asyncDelayMs: 26 * 60 * MINUTE,
    refundDelayMs: 5 * 60 * MINUTE,
    disputeDelayMs: 20 * MINUTE,
    deliver,
  });
  sandbox.control.setOption({ require_own_keys: true });
  return sandbox;
}

/** Puts this world's gate before the database. Answers what is called when a life ends. */
function lendDatabase({ plan, scheduler, faults, dice, crash, nodes, stir, evidence }: Core): (life: Life) => void {
  const { ground, mix } = plan;
  const database = databaseGate({
    ...{ scheduler, faults, dice, crash },
    waits: mix.grain === 'statement' ? rowWaits(scheduler, ground.ask) : undefined,
    spared: (life) => nodes.some((node) => node.owns(life) && !node.mayDie()),
    committed: ({ released, queued }) => {
      stir.queued ||= queued;
      stir.commits += 1;
      stir.released ||= released;
    },
    deadlock: (statement) =>
      evidence.violations.push({
        invariant: 'L1',
        sentence: `two transactions waited for each other: ${statement.slice(0, 80)}`,
      }),
  });
  const clock = { now: () => new Date(scheduler.now()), sleep: (ms: number) => scheduler.sleep(ms) };
  ground.lendTo({ gate: database.gate, clock, random: dice });
  return database.abandon;
}

function partsOf(core: Core, sandbox: Sandbox): HouseParts {
  const { plan, evidence } = core;
  return {
    ...{ seed: plan.seed, db: plan.ground.db, secret_key: sandbox.keys.secret, webhook_secret: SECRET },
    log: watchfulLog(evidence),
    settings: { ...shopOf(plan.mix.shop, plan.shares).settings, unexpected_money: plan.mix.unexpected },
    reconcile_every_ms: plan.mix.compares_min * MINUTE,
    hooks: recordedHooks(core),
    mailer: recordedMailer(core),
    http: stripeWire({ ...core, sandbox }),
    fetch_events_every_ms: plan.mix.fetches_min === null ? null : plan.mix.fetches_min * MINUTE,
    shelf: { shop: plan.shop, repriced: false },
  };
}
