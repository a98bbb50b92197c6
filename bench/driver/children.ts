import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { LoadPlan, LoadResult } from '../load/plan.ts';

const BENCH = fileURLToPath(new URL('../', import.meta.url));
const STOP_WAIT_MS = 15_000;

/** A server of the bench: a process of its own that told its port when it was ready. */
export interface Child {
  readonly pid: number;
  readonly port: number;
  /** From its start until it was ready, in milliseconds. */
  readonly ready_ms: number;
  /** Asks it something; servers of the bench answer over their parent's channel. */
  ask(question: unknown): Promise<unknown>;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

/**
 * Starts a program of the bench and waits until it says `{ ready: true, port }`.
 * @param file below bench/, such as `reference/r.ts`.
 * @throws Error when it ends before.
 */
export async function startChild(
  file: string,
  environment: Readonly<Record<string, string>>,
  node_options: readonly string[] = [],
): Promise<Child> {
  const started = performance.now();
  const child = fork(`${BENCH}${file}`, {
    env: { ...inherited(), NODE_ENV: 'production', ...environment },
    execArgv: [...node_options],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');
  const first = await Promise.race([once(child, 'message'), ended.then(() => undefined)]);
  const { pid } = child;
  const said = first?.[0] as { ready?: true; port?: number } | undefined;
  if (said?.ready !== true || pid === undefined) throw new Error(`${file} ended before it was ready`);
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    const hung = setTimeout(() => child.kill('SIGKILL'), STOP_WAIT_MS);
    await ended;
    clearTimeout(hung);
  };
  return {
    pid,
    port: said.port ?? 0,
    ready_ms: performance.now() - started,
    ask: (question) => askChild(child, ended, question),
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  };
}

async function askChild(child: ChildProcess, ended: Promise<unknown>, question: unknown): Promise<unknown> {
  const answer = once(child, 'message');
  child.send(question as object);
  const gone = ended.then(() => {
    throw new Error('the process ended without an answer');
  });
  const [said] = await Promise.race([answer, gone]);
  return said;
}

/** The driver's process, which runs one plan after the other. */
export interface Driver {
  run(plan: LoadPlan): Promise<LoadResult>;
  stop(): Promise<void>;
}

export async function startDriver(): Promise<Driver> {
  const child = await startChild('load/load-process.ts', {});
  return { run: async (plan) => (await child.ask(plan)) as LoadResult, stop: child.stop };
}

/** Without the shop's own variables: a bench measures what it sets. */
function inherited(): Record<string, string> {
  const named = Object.entries(process.env).filter(
    ([name]) => !/^(KASSA_|STRIPE_|DATABASE_URL|FRONTEND_URL)/.test(name),
  );
  return Object.fromEntries(named.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}
