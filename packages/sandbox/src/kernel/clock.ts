/** Time as the sandbox sees it. `now` is milliseconds since 1970; `sleep` waits that many milliseconds of this clock. */
export interface SandboxClock {
  now(): number;
  sleep(ms: number): Promise<void>;
}

/** A clock that moves only when told. Sleepers wake in the order in which their time comes. */
export interface VirtualClock extends SandboxClock {
  advance(ms: number): void;
  set(ms: number): void;
}

/** @param start_ms where time begins, in milliseconds since 1970 */
export function virtualClock(start_ms: number): VirtualClock {
  let now = start_ms;
  let sleepers: { due: number; wake: () => void }[] = [];
  const move = (to: number): void => {
    now = to;
    const due = sleepers.filter((sleeper) => sleeper.due <= now).sort((a, b) => a.due - b.due);
    sleepers = sleepers.filter((sleeper) => sleeper.due > now);
    for (const sleeper of due) sleeper.wake();
  };
  return {
    now: () => now,
    sleep: (ms) =>
      ms <= 0 ? Promise.resolve() : new Promise((wake) => void sleepers.push({ due: now + ms, wake: () => wake() })),
    advance: (ms) => move(now + ms),
    set: move,
  };
}

/** A clock that runs ahead of (or behind) another. A virtual base is moved itself, so that its other users follow. */
export interface ShiftableClock extends SandboxClock {
  shift(ms: number): void;
  offset(): number;
  restore(state: { offset: number; now: number }): void;
}

export function shiftable(base: SandboxClock): ShiftableClock {
  let offset = 0;
  const owner = 'set' in base && typeof base.set === 'function' ? (base as VirtualClock) : undefined;
  return {
    now: () => base.now() + offset,
    sleep: (ms) => base.sleep(ms),
    shift: (ms) => {
      if (owner) owner.set(owner.now() + ms);
      else offset += ms;
    },
    offset: () => offset,
    restore: (state) => {
      if (owner) owner.set(state.now);
      else offset = state.offset;
    },
  };
}
