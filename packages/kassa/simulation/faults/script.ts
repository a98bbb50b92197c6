import { CRASHES, type FaultName, type Port } from './kinds.ts';
import { pointName } from './point-name.ts';

/** A place at which a run asks whether something goes wrong, with everything that could. */
export interface Point {
  /** How many were asked before it in this run. */
  readonly ordinal: number;
  readonly where: string;
  readonly names: readonly FaultName[];
  /** What it is called (`pointName`); null where nobody asked for names. */
  readonly name: string | null;
}

/** One thing that goes wrong for certain. The first ordinal counts from the beginning, the next from the one before. */
export interface Blow {
  readonly ordinal: number;
  /** `crash`: whichever crash can strike there; where none can, the next place at which one can. */
  readonly name: FaultName | 'crash';
}

/** Takes the place of chance in a run: counts its points, and strikes where it was told to. */
export interface Script {
  /** What strikes here; undefined for nothing. */
  ask(port: Port, where: string, names: readonly FaultName[], stack?: string): FaultName | undefined;
  /** Whether points are told by their names. */
  readonly names: boolean;
  /** From now on nothing is counted and nothing struck: the world is looked at. */
  end(): void;
  readonly points: readonly Point[];
  /** Blows that were struck. */
  readonly struck: readonly string[];
}

/** Ports behind which work of ours is under way when they fail. */
const PORTS: readonly Port[] = ['http', 'database', 'mail', 'node'];

/** @param options.names also says what each point is called, which costs a look at the stack. */
export function scriptOf(blows: readonly Blow[], options: { readonly names?: boolean } = {}): Script {
  const points: Point[] = [];
  const struck: string[] = [];
  const left = [...blows];
  let since_blow = 0;
  let ended = false;
  return {
    names: options.names === true,
    ask(port, where, all, stack) {
      const names = all.filter((name) => name !== 'worker_paused');
      if (ended || !PORTS.includes(port) || names.length === 0) return undefined;
      points.push({ ordinal: points.length, where, names, name: options.names ? pointName(port, where, stack) : null });
      const ordinal = since_blow;
      since_blow += 1;
      const [blow] = left;
      if (!blow || ordinal < blow.ordinal) return undefined;
      const name = names.find((one) => (blow.name === 'crash' ? CRASHES.includes(one) : one === blow.name));
      if (name === undefined) return undefined;
      left.shift();
      since_blow = 0;
      struck.push(`${where}: ${name}`);
      return name;
    },
    end() {
      ended = true;
    },
    points,
    struck,
  };
}

/** Everything that can go wrong at the points of a run, each by itself. */
export function blowsAt(points: readonly Point[]): Blow[] {
  return points.flatMap(({ ordinal, names }) => names.map((name) => ({ ordinal, name })));
}

const BLOW = /^(\d{1,6}):([a-z0-9_]{1,40})$/;

/** Reads `137:crashed_after_commit,12:crash`; undefined for anything else. */
export function readBlows(text: string): Blow[] | undefined {
  const blows = text.split(',').map((part) => {
    const [, ordinal, name] = BLOW.exec(part.trim()) ?? [];
    return ordinal === undefined || name === undefined ? undefined : { ordinal: Number(ordinal), name };
  });
  return blows.every((blow) => blow !== undefined) ? (blows as Blow[]) : undefined;
}

/** The same as a person would type it. */
export function blowsText(blows: readonly Blow[]): string {
  return blows.map(({ ordinal, name }) => `${ordinal}:${name}`).join(',');
}
