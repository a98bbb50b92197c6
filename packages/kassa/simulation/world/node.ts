import { WebhookRefused } from '../../src/domain/payments/index.ts';
import type { BuiltHouse } from '../../src/house-of.ts';
import type { Clock } from '../../src/kernel/clock.ts';
import type { Dice } from '../engine/dice.ts';
import { type Life, newLife } from '../engine/lives.ts';
import type { Scheduler } from '../engine/scheduler.ts';
import type { Faults } from '../faults/faults.ts';
import { type HouseParts, standUp } from './stand-up.ts';
import { createWorkers, HINTS_HEARD, type WorkerName } from './workers.ts';

export interface NodeWorld {
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly dice: Dice;
  readonly parts: HouseParts;
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
  /** False for one that died so often, while it started or altogether, that it has to come up now. */
  mayDie(): boolean;
  /** Does something at this node in the name of whoever asks. @throws Died when the node goes, or is not there. */
  call<T>(work: (built: BuiltHouse) => Promise<T>): Promise<T>;
  /** A webhook as raw bytes. Answers the HTTP status. @throws Died */
  receive(raw: Uint8Array, signature: string | null): Promise<number>;
  /** Sends its idle workers round. Answers whether anybody was idle. */
  wake(names: readonly WorkerName[]): boolean;
  /** Milliseconds by which its clock is ahead of the world's. */
  skew_ms: number;
  readonly starts: number;
  /** It died so often in this run that its further deaths are left out: a start costs as much as a purchase. */
  isWeary(): boolean;
}

const DOWN_MS_MAX = 20_000;
/** Deaths one after the other before a start comes to its end. */
const DEATHS_IN_START_MAX = 3;
const STARTS_MAX = 8;

export function createNode(world: NodeWorld, name: string): KassaNode {
  const { scheduler, faults, dice, parts } = world;
  const supervisor = newLife(`${name} supervisor`);
  const workers = createWorkers(world);
  let life: Life | undefined;
  let built: BuiltHouse | undefined;
  let starts = 0;
  let deaths_in_start = 0;

  const clock: Clock = {
    now: () => new Date(scheduler.now() + node.skew_ms),
    sleep: (ms) => scheduler.sleep(ms),
  };
  const stand = async (own: Life): Promise<void> => {
    const up = await standUp(parts, `${name}/${starts}`, clock);
    if (node.mayDie() && faults.strike('node', ['crashed_in_recovery'], 'start')) return node.crash();
    built = up;
    deaths_in_start = 0;
    up.onWake((worker) => void (dice.chance(HINTS_HEARD) && workers.wake([worker])));
    workers.start(own, up);
  };
  const node: KassaNode = {
    name,
    skew_ms: 0,
    built: () => built,
    start() {
      const own = newLife(name);
      life = own;
      starts += 1;
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
      if (!built) deaths_in_start += 1;
      scheduler.kill(life);
      world.died(life);
      built = undefined;
      scheduler.spawn(supervisor, 'start again', async () => {
        await scheduler.sleep(dice.below(DOWN_MS_MAX));
        node.start();
      });
    },
    owns: (one) => one === life,
    mayDie: () => built !== undefined || (deaths_in_start < DEATHS_IN_START_MAX && starts < STARTS_MAX),
    isWeary: () => starts >= STARTS_MAX,
    call: (what) => {
      const standing = built;
      if (!standing || !life) return Promise.reject(new Refused(`${name} is down`));
      return scheduler.within(life, () => what(standing));
    },
    receive: (raw, signature) => node.call((standing) => receiveAt(standing, parts, raw, signature)),
    wake: workers.wake,
    get starts() {
      return starts;
    },
  };
  return node;
}

async function receiveAt(
  { http }: BuiltHouse,
  { log }: HouseParts,
  raw: Uint8Array,
  signature: string | null,
): Promise<number> {
  try {
    await http.receive(raw, signature);
    return 200;
  } catch (error) {
    if (error instanceof WebhookRefused) return error.status;
    log.warn({ err: error }, 'an event was not stored');
    return 503;
  }
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
