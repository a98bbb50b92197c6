import { type CallFault, chooseFault } from '../control/faults.ts';
import { noteIgnored } from '../control/ignored.ts';
import { checkLimits } from '../control/limiter.ts';
import { ApiFailure } from '../kernel/failure.ts';
import { OWN_KEY_MISSING, writeJournal } from '../store/journal.ts';
import { countCall } from '../store/prune.ts';
import { openTx, type Tx } from '../store/tx.ts';
import { keepPosition, type World } from '../store/world.ts';
import { stopwatch } from '../system.ts';
import { type Call, type Incoming, readCall } from './call.ts';
import { fingerprint, finishKey, freeKey, type KeyUse, lookUpKey, startKey } from './idempotency.ts';
import { type Input, ignored } from './input.ts';
import { type Answer, bugFailure, ConnectionFault, errorBody, pretty, type Reply, replyOf } from './reply.ts';
import type { Router } from './router.ts';

/** What a room outside this one adds: reading parameters by their schema, and writing replies with expansion. */
export interface Tools {
  router: Router;
  /** Coerces and checks the parameters of an operation. @throws ApiFailure 400 with `param` */
  checkRequest(call: Call): Record<string, unknown>;
  /** Expands and checks what a route answered. */
  render(tx: Tx, call: Call, value: unknown): unknown;
  /** In strict mode: is this the body of an error as the types have it? @throws Error when it is not */
  checkError(body: string): void;
}

interface Outcome {
  answer: Answer;
  committed: boolean;
  replayed: boolean;
  code: string | null;
  /** The journal has it already, in the transaction of the work itself. */
  noted?: boolean;
}

/** One call on its way: what it says and what will go wrong with it. */
interface Job {
  world: World;
  tools: Tools;
  call: Call;
  fault: CallFault | undefined;
  /** What the idempotency key stands for; empty without one. */
  print: string;
}

/** Answers one call to `/v1`. @throws ConnectionFault when a fault breaks the connection */
export async function handleApi(world: World, tools: Tools, incoming: Incoming): Promise<Reply> {
  const took = stopwatch();
  const call = await readCall(world, tools.router, incoming);
  const fault = call.refusal ? undefined : chooseFault(world, call);
  const print = call.key === null ? '' : fingerprint(call.method, call.path, call.params);
  const job: Job = { world, tools, call, fault, print };
  let outcome: Outcome | undefined;
  try {
    if (fault?.when === 'before' && fault.kind !== 'delay') return breakBefore(job, fault);
    outcome = await outcomeOf(job);
  } finally {
    countCall(world);
    if (outcome && !outcome.noted) note(job, outcome, hides(fault));
    const status = outcome?.answer.status ?? 0;
    const { method, template, id, key } = call;
    world.log({ what: 'call', method, template, status, id, key, fault: fault?.kind ?? null, took_ms: took() });
  }
  return breakAfter(job, outcome);
}

/** Does the fault keep the true answer from the caller? */
function hides(fault: CallFault | undefined): boolean {
  return fault?.when === 'after' && fault.kind !== 'delay';
}

function note({ world, call, fault }: Job, outcome: Outcome, hidden: boolean): void {
  writeJournal(world.database, {
    account: call.account,
    at_ms: world.clock.now(),
    id: call.id,
    method: call.method,
    template: call.template,
    path: call.path,
    status: outcome.answer.status,
    key: call.key,
    fault: fault ? `${fault.kind}:${fault.when}` : null,
    committed: outcome.committed,
    caller_saw: !hidden,
    replayed: outcome.replayed,
    code: outcome.code,
  });
}

async function outcomeOf(job: Job): Promise<Outcome> {
  const { world, call, fault, print } = job;
  let began = false;
  try {
    if (call.refusal) throw call.refusal;
    checkLimits(world, call);
    requireOwnKey(world, call);
    const stored = call.key === null ? undefined : lookUpKey(world, use(call, call.key), print);
    if (stored) return replayed(stored);
    if (fault?.kind === 'delay' && fault.when === 'before') {
      if (call.key !== null) startKey(world, use(call, call.key), print);
      began = true;
      await world.clock.sleep(fault.ms);
    }
    return execute(job);
  } catch (error) {
    const failure = error instanceof ApiFailure ? error : bugFailure(error);
    if (!(error instanceof ApiFailure)) world.log({ what: 'bug', id: call.id, error: String(error) });
    // Only the call that holds the key lets go of it: another one that is refused must not free it.
    if (began && call.key !== null) freeKey(world, use(call, call.key));
    const answer = refusal(world, call, failure);
    job.tools.checkError(answer.body);
    return {
      answer,
      committed: false,
      replayed: false,
      code: failure.rules.noted ?? failure.body.code ?? null,
    };
  }
}

const use = ({ account }: Call, key: string): KeyUse => ({ key, account });

function replayed(stored: { status: number; body: string; request_id: string }): Outcome {
  const headers = { 'idempotent-replayed': 'true', 'original-request': stored.request_id };
  const answer = { status: stored.status, body: stored.body, headers };
  return { answer, committed: false, replayed: true, code: null };
}

/** One synchronous transaction: decide, write, and keep the answer under the key. */
function execute(job: Job): Outcome {
  const { world, tools, call, fault, print } = job;
  const params = tools.checkRequest(call);
  const keep = (answer: Answer): void => {
    if (call.key === null) return;
    finishKey(world, use(call, call.key), print, { status: answer.status, body: answer.body, request_id: call.id });
  };
  try {
    return world.database.transaction(() => {
      const tx = openTx(world, { request_id: call.id, idempotency_key: call.key, account: call.account });
      const ran = run(job, tx, params);
      tx.flush();
      // A server that fails after its work is done stores the failure: the same key hears of it again.
      const answer = fault?.kind === 'error' && fault.when === 'after' ? faultAnswer(world, call, fault) : ran.answer;
      keep(answer);
      const outcome = { answer, committed: tx.changed(), replayed: false, code: ran.code, noted: true };
      note(job, outcome, hides(fault));
      keepPosition(world);
      return outcome;
    });
  } catch (error) {
    world.targets = undefined;
    if (!(error instanceof ApiFailure) || error.rules.stored === false) throw error;
    const answer = refusal(world, call, error);
    tools.checkError(answer.body);
    world.database.transaction(() => keep(answer));
    return { answer, committed: false, replayed: false, code: error.body.code ?? null };
  }
}

function run(job: Job, tx: Tx, params: Record<string, unknown>): { answer: Answer; code: string | null } {
  const { world, tools, call } = job;
  const { ids, lenient, publishable } = call;
  try {
    const input: Input = { path: '', fields: params, read: new Map() };
    const value = call.route.run(tx, input, { ids, lenient, publishable });
    const headers: Record<string, string> = call.leniency === '' ? {} : { 'x-sandbox-lenient': call.leniency };
    const unread = ignored(input);
    if (unread.length > 0) {
      noteIgnored(world.database, call, unread);
      headers['x-sandbox-ignored'] = headerOf(unread);
    }
    return { answer: { status: 200, body: pretty(tools.render(tx, call, value)), headers }, code: null };
  } catch (error) {
    if (!(error instanceof ApiFailure) || error.rules.commit !== true) throw error;
    const answer = refusal(world, call, error);
    tools.checkError(answer.body);
    return { answer, code: error.body.code ?? null };
  }
}

/** Names of parameters may hold what a caller chose, such as a currency: only plain signs go into a header. */
function headerOf(names: string[]): string {
  return names
    .join(', ')
    .replaceAll(/[^\x20-\x7e]/g, '?')
    .slice(0, 500);
}

function refusal(world: World, call: Call, failure: ApiFailure): Answer {
  return {
    status: failure.status,
    body: errorBody(failure.body, call.id, world.publicUrl),
    headers: failure.status === 402 ? { 'stripe-should-retry': 'false' } : (failure.rules.headers ?? {}),
  };
}

/** A simulation must know each call again after a crash; a random key of the client's own makes that impossible. */
function requireOwnKey(world: World, call: Call): void {
  if (!world.runtime.require_own_keys || call.method !== 'POST') return;
  if (call.key !== null && !call.key.startsWith('stripe-node-retry-')) return;
  const param = 'Idempotency-Key';
  const message = 'This sandbox was told to require an Idempotency-Key of your own on every POST, and none came.';
  const body = { type: 'invalid_request_error', message, param } as const;
  throw new ApiFailure(400, body, { stored: false, noted: OWN_KEY_MISSING });
}

/** The answer that somebody armed. It is not checked against the types: to be wrong is what they may want. */
function faultAnswer(world: World, call: Call, fault: CallFault & { kind: 'error' }): Answer {
  const headers: Record<string, string> = {};
  if (fault.should_retry !== undefined) headers['stripe-should-retry'] = String(fault.should_retry);
  else if (fault.code === 'lock_timeout' || fault.status === 409) headers['stripe-should-retry'] = 'true';
  else if (fault.status >= 500) headers['stripe-should-retry'] = 'false';
  if (fault.reason) headers['stripe-rate-limited-reason'] = fault.reason;
  const type = fault.status === 402 ? 'card_error' : fault.status >= 500 ? 'api_error' : 'invalid_request_error';
  const code = fault.code ?? (fault.status === 429 ? 'rate_limit' : fault.status === 402 ? 'card_declined' : undefined);
  const message = `An armed fault of the sandbox answered ${fault.status}.`;
  const body = code === undefined ? ({ type, message } as const) : ({ type, message, code } as const);
  return { status: fault.status, body: errorBody(body, call.id, world.publicUrl), headers };
}

function breakBefore(job: Job, fault: CallFault): Reply {
  const { world, call } = job;
  const answer: Answer =
    fault.kind === 'error' ? faultAnswer(world, call, fault) : { status: 0, body: '', headers: {} };
  note(job, { answer, committed: false, replayed: false, code: null }, false);
  if (fault.kind === 'error') return replyOf(answer, call);
  if (fault.kind === 'truncate') return replyOf({ status: 200, body: '{"id": "nothing"}', headers: {} }, call, true);
  throw new ConnectionFault(fault.kind === 'reset' ? 'ECONNRESET' : 'ETIMEDOUT');
}

async function breakAfter({ world, call, fault }: Job, outcome: Outcome | undefined): Promise<Reply> {
  if (!outcome) throw new Error('a call ended without an outcome');
  const broken = fault?.when === 'after' ? fault : undefined;
  if (broken?.kind === 'reset' || broken?.kind === 'timeout') {
    throw new ConnectionFault(broken.kind === 'reset' ? 'ECONNRESET' : 'ETIMEDOUT');
  }
  if (broken?.kind === 'delay') await world.clock.sleep(broken.ms);
  return replyOf(outcome.answer, call, broken?.kind === 'truncate');
}
