import { AsyncLocalStorage } from 'node:async_hooks';
import type { DatabaseGate, GatePoint } from '../../../src/database/index.ts';
import { sqlstateOf } from '../../../src/database/index.ts';
import { answered, atStripe, type Footprint, footprintOf, foundNothing, nothingYet, type Under } from './footprints.ts';
import type { Consequences } from './schema.ts';

export interface Step {
  /** What it may do to others; when it is refused, what it did. */
  footprint: Footprint;
  readonly text: string;
  /** Frees those who wait: a transaction is over with it, if only its own. */
  readonly ends: boolean;
  /** What it comes to when it is refused: the server ends a transaction at its first error, not at its rollback. */
  refused?: () => Footprint;
  answered?: (answer: Answer, waited: boolean) => void;
}

/** What the server says of a statement. */
interface Answer {
  readonly command?: string;
  readonly rowCount?: number | null;
}

/** One of those who do something at once. Only one of them moves at a time. */
export interface Caller {
  readonly name: string;
  /** Running: on its way to its next step. Blocked: its statement waits for a row that another one holds. */
  state: 'running' | 'ready' | 'blocked' | 'done';
  next: Step | undefined;
  /** Lets it take its next step. */
  go: () => void;
  /** Tells it that the play is over. */
  dismiss: () => void;
  /** Whether its step has waited for somebody. */
  waited: boolean;
  /** The server's process that works on its statement. */
  pid: number | undefined;
  outcome: { readonly value: unknown } | { readonly error: unknown } | undefined;
  /** Questions that one caller asks side by side are put one after the other. */
  queue: Promise<unknown>;
}

export interface Played {
  /** Who took which step, in order. */
  readonly steps: readonly string[];
  readonly callers: readonly Caller[];
  /** Conflicts that the server told of (40P01, 40001, 55P03), whether or not somebody tried again. */
  readonly conflicts: readonly string[];
}

/** @param conflicts that the server told of in this play so far */
export type Choose = (ready: readonly Caller[], conflicts: readonly string[]) => Caller;
type Ask = <Row>(text: string, values?: unknown[]) => Promise<Row[]>;

/** A place at which every statement stops until it is let go. */
export interface Turns {
  readonly gate: DatabaseGate;
  /** Stands in the way to Stripe. */
  passing<T>(text: string, run: () => Promise<T>): Promise<T>;
  /** Lets all of these begin, and then one step at a time. Whoever is nobody's caller passes freely. */
  play(works: Readonly<Record<string, () => Promise<unknown>>>, choose: Choose): Promise<Played>;
  /** Sends home whoever a broken play left standing, so that connections can be closed. */
  dismiss(): void;
}

/** Whoever waits for a row may have it now. */
function free(callers: readonly Caller[]): void {
  for (const one of callers) if (one.state === 'blocked') one.state = 'running';
}

const LOOK_MS = 1;
/** Real time in which a step is over or waits for a row. */
const PATIENCE_MS = 20_000;
const CONFLICTS = ['40P01', '40001', '55P03'];

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * @param ask over a connection of its own: who waits for whom
 * @param consequences what the schema does by itself, once it is there
 */
export function turns(ask: Ask, consequences: () => Consequences): Turns {
  const here = new AsyncLocalStorage<Caller>();
  const open = new WeakMap<object, Under>();
  let conflicts: string[] = [];
  let standing: readonly Caller[] = [];
  let moved = Promise.withResolvers<void>();
  const wake = (): void => {
    moved.resolve();
    moved = Promise.withResolvers<void>();
  };

  async function stopAt<T>(caller: Caller, step: Step, run: () => Promise<T>, session?: object): Promise<T> {
    await new Promise<void>((resolve, reject) => {
      caller.next = step;
      caller.go = resolve;
      caller.dismiss = () => reject(new Error('the play is over'));
      caller.state = 'ready';
      wake();
    });
    caller.waited = false;
    caller.pid = (session as { processID?: number } | undefined)?.processID;
    try {
      const answer = await run();
      step.answered?.(answer as Answer, caller.waited);
      return answer;
    } catch (error) {
      const state = sqlstateOf(error) ?? '';
      if (CONFLICTS.includes(state)) conflicts.push(`${caller.name} was told ${state} by: ${step.text}`);
      await atRest(caller.pid);
      const over = step.refused?.();
      // What it was refused for, it had read.
      if (over) step.footprint = { ...over, sees: new Set([...step.footprint.sees, ...over.sees]) };
      free(standing);
      throw error;
    } finally {
      caller.pid = undefined;
      caller.state = 'running';
      wake();
    }
  }

  /** An error is told before its transaction is over. */
  async function atRest(pid: number | undefined): Promise<void> {
    const works = `select state from pg_stat_activity where pid = $1 and state = 'active'`;
    while (pid !== undefined && (await ask(works, [pid])).length > 0) await pause(0);
  }

  /** Nothing is left for its rollback. */
  function refused(session: object, point: GatePoint, under: Under): Footprint {
    open.set(session, nothingYet());
    answered(under, point, consequences(), 0);
    return footprintOf({ kind: 'rollback', sql: 'rollback' }, consequences(), under);
  }

  function heard(
    step: Step,
    { point, under, waited }: { point: GatePoint; under: Under | undefined; waited: boolean },
    { command, rowCount }: Answer,
  ): void {
    // Whoever waited and then found nothing would have found something before.
    const nothing = rowCount === 0 && !waited && ['UPDATE', 'DELETE', 'INSERT'].includes(command ?? '');
    // One that is there already may be locked to be changed instead, and then is not.
    if (nothing && !/do update/i.test(point.sql)) step.footprint = foundNothing(step.footprint);
    else if (under) answered(under, point, consequences(), rowCount ?? 0);
  }

  function stepOf(point: GatePoint): Step {
    const { kind, session } = point;
    const under = session === undefined ? undefined : open.get(session);
    const footprint = footprintOf(point, consequences(), under);
    const step: Step = { footprint, text: shortly(point.sql), ends: kind !== 'statement' || under === undefined };
    if (kind === 'statement') {
      step.answered = (answer, waited) => heard(step, { point, under, waited }, answer);
      if (under && session) step.refused = () => refused(session, point, under);
    } else if (session) open.delete(session);
    return step;
  }

  const inTurn = <T>(caller: Caller, work: () => Promise<T>): Promise<T> => {
    const mine = caller.queue.then(work, work);
    caller.queue = mine.catch(() => undefined);
    return mine;
  };

  async function rest(callers: readonly Caller[]): Promise<void> {
    const until = performance.now() + PATIENCE_MS;
    for (;;) {
      const moving = callers.filter((one) => one.state === 'running');
      if (moving.length === 0) return;
      if (performance.now() > until) throw new Error(`${moving.map(({ name }) => name).join()} wait for no row`);
      await Promise.race([moved.promise, pause(LOOK_MS)]);
      const still = callers.filter((one) => one.state === 'running');
      if (still.length === 0 || still.some((one) => one.pid === undefined)) continue;
      // Somebody who is answered, or ends a transaction, may free the others: they wait only when all of them do.
      const waits: boolean[] = [];
      for (const { pid } of still) {
        const [row] = await ask<{ pids: number[] | null }>('select pg_blocking_pids($1) as pids', [pid ?? 0]);
        waits.push((row?.pids?.length ?? 0) > 0);
      }
      const now = callers.filter((one) => one.state === 'running');
      if (waits.includes(false) || now.length !== still.length) continue;
      for (const one of still) Object.assign(one, { state: 'blocked', waited: true });
    }
  }

  return {
    dismiss() {
      const left = standing;
      standing = [];
      for (const caller of left) caller.dismiss();
    },
    gate: async <T>(point: GatePoint, run: () => Promise<T>): Promise<T> => {
      const caller = here.getStore();
      const { kind, session } = point;
      if (!caller || !standing.includes(caller) || kind === 'connect') return run();
      if (kind === 'begin') {
        if (session) open.set(session, nothingYet());
        return run();
      }
      // Questions that are asked side by side come one after the other, and each knows what was done before it.
      return inTurn(caller, () => stopAt(caller, stepOf(point), run, session));
    },
    async passing(text, run) {
      const caller = here.getStore();
      if (!caller) return run();
      const [method = ''] = text.split(' ');
      return inTurn(caller, () => stopAt(caller, { footprint: atStripe(method), text, ends: false }, run));
    },
    async play(works, choose) {
      conflicts = [];
      const steps: string[] = [];
      const callers: Caller[] = [];
      for (const [name, work] of Object.entries(works)) {
        const caller: Caller = {
          ...{
            name,
            state: 'running',
            waited: false,
            next: undefined,
            go: () => undefined,
            pid: undefined,
            outcome: undefined,
          },
          ...{ queue: Promise.resolve(), dismiss: () => undefined },
        };
        callers.push(caller);
        standing = callers;
        const end = (outcome: NonNullable<Caller['outcome']>): void => {
          caller.outcome = outcome;
          caller.state = 'done';
          wake();
        };
        void here.run(caller, work).then(
          (value) => end({ value }),
          (error: unknown) => end({ error }),
        );
        await rest(callers);
      }
      for (;;) {
        const ready = callers.filter((one) => one.state === 'ready');
        const blocked = callers.filter((one) => one.state === 'blocked');
        if (ready.length === 0 && blocked.length === 0) return { steps, callers, conflicts };
        if (ready.length === 0) {
          conflicts.push(`${blocked.map(({ name }) => name).join(' and ')} wait for each other for ever`);
          await moved.promise;
        } else {
          const chosen = choose(ready, conflicts);
          const { ends, text } = chosen.next ?? { ends: false, text: '' };
          steps.push(`${chosen.name}: ${text}`);
          chosen.state = 'running';
          if (ends) free(blocked);
          chosen.go();
        }
        await rest(callers);
      }
    },
  };
}

const SHORT = 90;

function shortly(sql: string): string {
  const text = sql.replaceAll(/\s+/g, ' ').replaceAll('"', '').trim();
  return text.length <= SHORT ? text : `${text.slice(0, SHORT - 30)} … ${text.slice(-28)}`;
}
