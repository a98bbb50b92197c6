import { addRule, listRules, removeRule, type WebhookRule } from '../delivery/rules.ts';
import type { Dispute, PaymentIntent, Refund, Session } from '../kernel/kinds.ts';
import type { RuntimeOptions } from '../kernel/options.ts';
import { moveDispute, openDispute } from '../resources/disputes/disputes.ts';
import { resendEvent } from '../resources/events/events.ts';
import { bankAnswers } from '../resources/payments/attempt.ts';
import { authenticate } from '../resources/payments/confirm.ts';
import { settleRefund } from '../resources/refunds/refunds.ts';
import { authenticateSetup } from '../resources/setup/for-session.ts';
import { type Books, readBooks } from '../store/books.ts';
import { type JournalEntry, readJournal } from '../store/journal.ts';
import { emptyStore, readSnapshot, restoreSnapshot, takeSnapshot } from '../store/snapshot.ts';
import { inTx, type Tx } from '../store/tx.ts';
import { type Chaos, saveState, type World } from '../store/world.ts';
import { armFault, disarmFault, type FaultRule, listFaults } from './faults.ts';
import { type DeliveryView, readDeliveries, readUnsupported, type Unsupported } from './journals.ts';
import { type PayAnswer, type PayRequest, payAsPerson } from './pay.ts';
import { type SeedRequest, seed } from './seed.ts';

/** Everything that only a person, a bank or bad luck could do. The same functions stand behind `/_sandbox/*`. */
export interface Control {
  pay(session: string, request?: PayRequest): Promise<PayAnswer>;
  seed(request: SeedRequest): Promise<void>;
  /** The buyer's answer to 3-D Secure, for a payment or setup intent. */
  authenticate(intent: string, result: 'complete' | 'fail'): Promise<void>;
  /** The bank's answer to a delayed payment, before its time. */
  finishAsync(intent: string, result: 'succeeds' | 'fails'): Promise<PaymentIntent>;
  settleRefund(refund: string, result: 'succeeded' | 'failed' | 'requires_action'): Promise<Refund>;
  openDispute(charge: string, facts?: { reason?: string; inquiry?: boolean }): Promise<Dispute>;
  moveDispute(dispute: string, status: Dispute['status']): Promise<Dispute>;
  addFault(rule: FaultRule): string;
  faults(): (FaultRule & { id: string; seen: number })[];
  removeFault(id?: string): void;
  setChaos(chaos: Partial<Chaos> | undefined): void;
  setLimiter(limits: { endpoint?: number; overall?: number } | undefined): void;
  addWebhookRule(rule: WebhookRule): string;
  webhookRules(): (WebhookRule & { id: string; left: number })[];
  removeWebhookRule(id?: string): void;
  /** Lets held deliveries go. Answers how many. */
  release(): number;
  resend(event: string): Promise<void>;
  /** Moves the clock forward, running what falls due on the way in due order. Milliseconds. */
  advance(ms: number): Promise<void>;
  setTime(ms: number, options?: { allow_backward?: boolean }): Promise<void>;
  setOption(options: Partial<RuntimeOptions>): RuntimeOptions;
  options(): RuntimeOptions;
  snapshot(name: string): void;
  restore(name: string): void;
  readSnapshot(name: string): unknown;
  reset(): void;
  requests(filter?: { path?: string; since_ms?: number }): JournalEntry[];
  deliveries(filter?: { event?: string; since_ms?: number }): DeliveryView[];
  unsupported(): Unsupported[];
  books(): Books;
  session(id: string): Session | undefined;
}

/** How the control moves time and work along; given by whoever owns the clock and the queue. */
export interface Motion {
  tick(): Promise<number>;
  nextDueAt(): number | undefined;
}

const NOBODY = { request_id: null, idempotency_key: null };

export function controlOf(world: World, motion: Motion): Control {
  const { database } = world;
  // Async on purpose: what a person does is refused like a call is, by a rejection, never by a throw.
  const act = async <T>(work: (tx: Tx) => T): Promise<T> => inTx(world, NOBODY, (tx) => structuredClone(work(tx)));
  return {
    pay: (session, request = {}) => act((tx) => payAsPerson(tx, session, request)),
    seed: (request) => act((tx) => seed(tx, request)),
    authenticate: (intent, result) =>
      act((tx) => {
        if (intent.startsWith('seti_')) authenticateSetup(tx, intent, result);
        else authenticate(tx, intent, result);
      }),
    finishAsync: (intent, result) =>
      act((tx) => {
        bankAnswers(tx, intent, result);
        return tx.get('payment_intent', intent, 'intent');
      }),
    settleRefund: (refund, result) => act((tx) => settleRefund(tx, refund, result)),
    openDispute: (charge, facts = {}) =>
      act((tx) => openDispute(tx, charge, { reason: facts.reason ?? 'fraudulent', inquiry: facts.inquiry === true })),
    moveDispute: (dispute, status) => act((tx) => moveDispute(tx, dispute, status)),
    ...faultControl(world),
    ...webhookControl(world, act),
    ...timeControl(world, motion),
    setOption: (options) => {
      Object.assign(world.runtime, options);
      saveState(world);
      return { ...world.runtime };
    },
    options: () => ({ ...world.runtime }),
    snapshot: (name) => takeSnapshot(world, name),
    restore: (name) => restoreSnapshot(world, name),
    readSnapshot: (name) => readSnapshot(database, name),
    reset: () => emptyStore(world),
    requests: (filter) => readJournal(database, filter),
    deliveries: (filter) => readDeliveries(database, filter),
    unsupported: () => readUnsupported(database),
    books: () => readBooks(database),
    session: (id) => inTx(world, NOBODY, (tx) => structuredClone(tx.find('checkout.session', id))),
  };
}

const CALM: Chaos = {
  error_before: 0,
  error_after: 0,
  timeout_before: 0,
  timeout_after: 0,
  reset_before: 0,
  reset_after: 0,
  drop: 0,
  duplicate: 0,
  delay: 0,
  delay_ms: 60_000,
  reorder: 0,
  outages: [],
};

type FaultPart = Pick<Control, 'addFault' | 'faults' | 'removeFault' | 'setChaos' | 'setLimiter'>;

function faultControl(world: World): FaultPart {
  return {
    addFault: (rule) => armFault(world, rule),
    faults: () => listFaults(world),
    removeFault: (id) => disarmFault(world, id),
    setChaos: (chaos) => {
      world.chaos = chaos && { ...CALM, ...chaos };
      saveState(world);
    },
    setLimiter: (limits) => {
      world.limiter = limits && { endpoint: limits.endpoint ?? 25, overall: limits.overall ?? 25 };
      saveState(world);
    },
  };
}

type WebhookPart = Pick<Control, 'addWebhookRule' | 'webhookRules' | 'removeWebhookRule' | 'release' | 'resend'>;

function webhookControl(world: World, act: <T>(work: (tx: Tx) => T) => Promise<T>): WebhookPart {
  const { database } = world;
  return {
    addWebhookRule: (rule) => {
      const id = world.ids.next('rule_', 12);
      addRule(world, id, rule);
      return id;
    },
    webhookRules: () => listRules(database),
    removeWebhookRule: (id) => removeRule(world, id),
    release: () => {
      const held = Number(database.one("select count(*) as n from deliveries where state = 'held'")?.n ?? 0);
      database.run("update deliveries set state = 'due', due_ms = ? where state = 'held'", world.clock.now());
      return held;
    },
    resend: (event) => act((tx) => void resendEvent(tx, event)),
  };
}

function timeControl(world: World, motion: Motion): Pick<Control, 'advance' | 'setTime'> {
  const advanceTo = async (target: number): Promise<void> => {
    for (let due = motion.nextDueAt(); due !== undefined && due <= target; due = motion.nextDueAt()) {
      if (due > world.clock.now()) world.clock.shift(due - world.clock.now());
      // Work that is due but never done (its receiver is gone) must not hold the clock for ever.
      if ((await motion.tick()) === 0) break;
    }
    if (target > world.clock.now()) world.clock.shift(target - world.clock.now());
    saveState(world);
    await motion.tick();
  };
  return {
    advance: (ms) => {
      if (!Number.isFinite(ms) || ms < 0) throw new Error('The clock is advanced by milliseconds, 0 or more.');
      return advanceTo(world.clock.now() + ms);
    },
    setTime: async (ms, options = {}) => {
      if (ms >= world.clock.now()) return advanceTo(ms);
      if (options.allow_backward !== true)
        throw new Error('The clock moves forward only, unless allow_backward is true.');
      world.clock.shift(ms - world.clock.now());
      saveState(world);
    },
  };
}
