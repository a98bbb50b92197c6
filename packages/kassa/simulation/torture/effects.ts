/** One thing that a hook did to the outside world, or one row that it left in the shop's own tables. */
export interface Effect {
  /** Which order it was done for, as people count them; null for a row, which may be of none. */
  readonly order: number | null;
  readonly event: string | null;
  /** `POST https://arena.example/seats`, or the table of a row. */
  readonly to: string;
  /** The JSON that was sent or stored; a text where it is none. */
  readonly content: unknown;
  /** By what the receiver tells a repeat; null when by nothing. */
  readonly key: string | null;
}

export type Difference = 'doubled' | 'missing';

export interface Finding {
  readonly what: Difference;
  readonly effect: Effect;
  /** How often it is there in calm weather, and here. */
  readonly calm: number;
  readonly here: number;
  /** Whether its repeats came without a key. */
  readonly keyless: boolean;
}

/** Leaves of JSON that are another thing each time, by receiver: times and made-up ids say nothing about a repeat. */
export type Volatile = ReadonlyMap<string, ReadonlySet<string>>;

/** What differs between two calm runs of the same orders. Answers undefined when they do not do the same things. */
export function volatileIn(first: readonly Effect[], second: readonly Effect[]): Volatile | undefined {
  const one = grouped(first);
  const other = grouped(second);
  const found = new Map<string, Set<string>>();
  if (one.size !== other.size) return undefined;
  for (const [place, effects] of one) {
    const others = other.get(place) ?? [];
    if (others.length !== effects.length) return undefined;
    for (const [at, effect] of effects.entries()) {
      const known = found.get(effect.to) ?? new Set<string>();
      found.set(effect.to, known);
      compare(effect.content, others[at]?.content, '', known);
    }
  }
  return found;
}

function grouped(effects: readonly Effect[]): Map<string, Effect[]> {
  const groups = new Map<string, Effect[]>();
  for (const effect of effects) {
    const place = JSON.stringify([effect.order, effect.event, effect.to]);
    groups.set(place, [...(groups.get(place) ?? []), effect]);
  }
  return groups;
}

function compare(one: unknown, other: unknown, path: string, differs: Set<string>): void {
  if (isTree(one) && isTree(other)) {
    for (const name of new Set([...Object.keys(one), ...Object.keys(other)])) {
      compare(one[name], other[name], `${path}/${name}`, differs);
    }
  } else if (one !== other) differs.add(path);
}

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/**
 * Holds what a schedule did against what calm weather does. A receiver that was handed the same key twice did it once;
 * so did one that was told twice to put or to delete the same thing.
 */
export function judge(here: readonly Effect[], calm: readonly Effect[], unsteady: Volatile): Finding[] {
  const [wanted, found] = [count(calm, unsteady), count(here, unsteady)];
  const findings: Finding[] = [];
  for (const place of new Set([...wanted.keys(), ...found.keys()])) {
    const expected = wanted.get(place);
    const seen = found.get(place);
    const effect = expected?.effect ?? seen?.effect;
    const [calm_times, times] = [expected?.times ?? 0, seen?.times ?? 0];
    if (!effect || calm_times === times) continue;
    const what = times > calm_times ? 'doubled' : 'missing';
    findings.push({ what, effect, calm: calm_times, here: times, keyless: effect.key === null });
  }
  // What is missing at one place is often there under another name: the doubled one is the worse news.
  return findings.sort((a, b) => (a.what < b.what ? -1 : a.what > b.what ? 1 : 0));
}

interface Counted {
  readonly effect: Effect;
  times: number;
}

function count(effects: readonly Effect[], unsteady: Volatile): Map<string, Counted> {
  const keys = new Set<string>();
  const counted = new Map<string, Counted>();
  for (const effect of effects) {
    const masked = JSON.stringify(mask(effect.content, '', unsteady.get(effect.to) ?? new Set()));
    const key = effect.key ?? (/^(PUT|DELETE) /.test(effect.to) ? masked : null);
    const repeat = key === null ? undefined : JSON.stringify([effect.to, key]);
    if (repeat !== undefined && keys.has(repeat)) continue;
    if (repeat !== undefined) keys.add(repeat);
    const place = JSON.stringify([effect.order, effect.event, effect.to, masked]);
    const known = counted.get(place);
    if (known) known.times += 1;
    else counted.set(place, { effect, times: 1 });
  }
  return counted;
}

function mask(content: unknown, path: string, unsteady: ReadonlySet<string>): unknown {
  if (unsteady.has(path)) return '…';
  if (Array.isArray(content)) return content.map((one, at) => mask(one, `${path}/${at}`, unsteady));
  if (!isTree(content)) return content;
  // The order in which fields were written is not part of what was asked for.
  const fields = Object.entries(content).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(fields.map(([name, value]) => [name, mask(value, `${path}/${name}`, unsteady)]));
}
