import { addRule, listRules, removeRule, type WebhookRule } from '../delivery/rules.ts';
import type { Dispute, PaymentIntent, Refund, Session } from '../kernel/kinds.ts';
import { DEFAULT_ACCOUNT, type RuntimeOptions } from '../kernel/options.ts';
import { type DisputeFacts, moveDispute, openDispute } from '../resources/disputes/disputes.ts';
import { resendEvent } from '../resources/events/events.ts';
import { rollSecret } from '../resources/events/webhook-endpoints.ts';
import { bankAnswers } from '../resources/payments/attempt.ts';
import { authenticate } from '../resources/payments/confirm.ts';
import { settleRefund } from '../resources/refunds/refunds.ts';
import { authenticateSetup } from '../resources/setup/for-session.ts';
import { type Books, readBooks } from '../store/books.ts';
import { type JournalEntry, readJournal } from '../store/journal.ts';
import {
  dropSnapshot,
  emptyStore,
  listSnapshots,
  readSnapshot,
  restoreSnapshot,
  type SnapshotView,
  takeSnapshot,
} from '../store/snapshot.ts';
import { inTx, type Tx } from '../store/tx.ts';
import { type Chaos, saveState, type World } from '../store/world.ts';
import { checked } from './checked.ts';
import { armFault, disarmFault, type FaultRule, listFaults } from './faults.ts';
import { type Ignored, readIgnored } from './ignored.ts';
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
  openDispute(charge: string, facts?: Partial<DisputeFacts>): Promise<Dispute>;
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
  /** Gives a webhook endpoint a new secret, and answers it. For `overlap_ms` (default a day) both sign. */
  rollSecret(endpoint: string, options?: { overlap_ms?: number }): Promise<string>;
  /** Moves the clock forward, running what falls due on the way in due order. Milliseconds. */
  advance(ms: number): Promise<void>;
  setTime(ms: number, options?: { allow_backward?: boolean }): Promise<void>;
  setOption(options: Partial<RuntimeOptions>): RuntimeOptions;
  options(): RuntimeOptions;
  snapshot(name: string): void;
  restore(name: string): void;
  readSnapshot(name: string): unknown;
  snapshots(): SnapshotView[];
  removeSnapshot(name: string): void;
  reset(): void;
  /** Oldest first: the newest `limit` of those that match, at most 20,000. */
  requests(filter?: { path?: string; since_ms?: number; id?: string; limit?: number }): JournalEntry[];
  deliveries(filter?: { event?: string; since_ms?: number }): DeliveryView[];
  unsupported(): Unsupported[];
  /** Parameters that calls gave and that had no effect, most frequent first. */
  ignored(): Ignored[];
  /** @param account only what belongs to this account; absent: everything */
  books(account?: string): Books;
  session(id: string): Session | undefined;
}

/** How the control moves time and work along; given by whoever owns the clock and the queue. */
export interface Motion {
  tick(): Promise<number>;
  nextDueAt(): number | undefined;
}

const NOBODY = { request_id: null, idempotency_key: null };

type Act = <T>(work: (tx: Tx) => T, account?: string) => Promise<T>;

export function controlOf(world: World, motion: Motion): Control {
  const { database } = world;
  // Async on purpose: what a person does is refused like a call is, by a rejection, never by a throw.
  const act: Act = async (work, account) => {
    const caller = account === undefined ? NOBODY : { ...NOBODY, account };
    return inTx(world, caller, (tx) => structuredClone(work(tx)));
  };
  return {
    ...personControl(act),
    ...bankControl(act),
    ...faultControl(world),
    ...webhookControl(world, act),
    ...timeControl(world, motion),
    setOption: (options) => {
      Object.assign(world.runtime, checked.options(options));
      saveState(world);
      return { ...world.runtime };
    },
    options: () => ({ ...world.runtime }),
    snapshot: (name) => takeSnapshot(world, checked.snapshotName(name)),
    restore: (name) => restoreSnapshot(world, name),
    readSnapshot: (name) => readSnapshot(database, name),
    snapshots: () => listSnapshots(database),
    removeSnapshot: (name) => dropSnapshot(database, name),
    reset: () => emptyStore(world),
    requests: (filter) => readJournal(database, filter),
    deliveries: (filter) => readDeliveries(database, filter),
    unsupported: () => readUnsupported(database),
    ignored: () => readIgnored(database),
    books: (account) => readBooks(database, account),
    session: (id) => inTx(world, NOBODY, (tx) => structuredClone(tx.find('checkout.session', id))),
  };
}

type PersonPart = Pick<Control, 'pay' | 'seed' | 'authenticate'>;

function personControl(act: Act): PersonPart {
  return {
    pay: (session, request = {}) => act((tx) => payAsPerson(tx, session, checked.payment(request))),
    seed: async (request) => {
      const { account, ...wanted } = checked.seed(request);
      return act((tx) => seed(tx, wanted), account ?? DEFAULT_ACCOUNT);
    },
    authenticate: (intent, result) =>
      act((tx) => {
        const answer = checked.authentication(result);
        if (intent.startsWith('seti_')) authenticateSetup(tx, intent, answer);
        else authenticate(tx, intent, answer);
      }),
  };
}

type BankPart = Pick<Control, 'finishAsync' | 'settleRefund' | 'openDispute' | 'moveDispute'>;

function bankControl(act: Act): BankPart {
  return {
    finishAsync: (intent, result) =>
      act((tx) => {
        bankAnswers(tx, intent, checked.bankAnswer(result));
        return tx.get('payment_intent', intent, 'intent');
      }),
    settleRefund: (refund, result) => act((tx) => settleRefund(tx, refund, checked.refundResult(result))),
    openDispute: (charge, facts = {}) =>
      act((tx) => {
        return openDispute(tx, charge, { reason: 'fraudulent', inquiry: false, ...checked.dispute(facts) });
      }),
    moveDispute: (dispute, status) => act((tx) => moveDispute(tx, dispute, checked.disputeStatus(status))),
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
    addFault: (rule) => armFault(world, checked.fault(rule)),
    faults: () => listFaults(world),
    removeFault: (id) => disarmFault(world, id),
    setChaos: (chaos) => {
      world.chaos = chaos && { ...CALM, ...checked.chaos(chaos) };
      saveState(world);
    },
    setLimiter: (limits) => {
      world.limiter = limits && { endpoint: 25, overall: 25, ...checked.limits(limits) };
      saveState(world);
    },
  };
}

type WebhookPart = Pick<
  Control,
  'addWebhookRule' | 'webhookRules' | 'removeWebhookRule' | 'release' | 'resend' | 'rollSecret'
>;

/** Stripe lets an old secret live on for a day at most. */
const OVERLAP_MS = 86_400_000;

function webhookControl(world: World, act: Act): WebhookPart {
  const { database } = world;
  return {
    addWebhookRule: (rule) => {
      const wanted = checked.webhookRule(rule);
      const id = world.ids.next('rule_', 12);
      addRule(world, id, wanted);
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
    rollSecret: (endpoint, { overlap_ms = OVERLAP_MS } = {}) =>
      act((tx) => rollSecret(tx, endpoint, checked.overlap(overlap_ms))),
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
    advance: async (ms) => advanceTo(world.clock.now() + checked.step(ms, world.clock.now())),
    setTime: async (ms, options = {}) => {
      checked.time(ms);
      if (ms >= world.clock.now()) return advanceTo(ms);
      if (options.allow_backward !== true)
        throw new Error('The clock moves forward only, unless allow_backward is true.');
      world.clock.shift(ms - world.clock.now());
      saveState(world);
    },
  };
}
