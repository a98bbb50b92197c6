/**
 * The doors of the process to the outside, while a shop's hooks are tortured: each leads to the receiver, or is shut.
 * What Node's own modules hand out is replaced before the hooks are loaded, because they keep what they import.
 */
import { syncBuiltinESMExports } from 'node:module';
import { Socket } from 'node:net';
import timers from 'node:timers/promises';
import type { HookEffect } from '../../../src/config/stand-ins.ts';
import type { Scheduler } from '../../engine/scheduler.ts';
import { type Receiver, running } from './receiver.ts';

/** Where the doors lead at this moment: to the schedule that runs. */
export interface Outside {
  lendTo(schedule: { readonly receiver: Receiver; readonly scheduler: Scheduler } | undefined): void;
  /** `fetch` once more: a run of the simulation takes it away. Answers what puts back what was there. */
  openFetch(): () => void;
  /** What a stand-in does in the name of a hook. */
  effect(one: HookEffect): Promise<unknown>;
}

/** Kinds of work under way in the machine that no schedule knows of: reading a file, hashing, a look-up. */
const AT_WORK = /^(FSReq|GetAddrInfo|.*Job$|.*Request$|Zlib|ProcessWrap|HTTPClientRequest)/i;

/** Whether the machine still works on something that a hook has begun. */
export function machineAtWork(): boolean {
  return process.getActiveResourcesInfo().some((name) => AT_WORK.test(name));
}

export class Unwatched extends Error {
  override readonly name = 'Unwatched';
}

/** Replaces the doors, once for the process. */
export function openOutside(): Outside {
  let lent: { readonly receiver: Receiver; readonly scheduler: Scheduler } | undefined;
  const ask: typeof fetch = (input, init) => {
    if (!lent) return Promise.reject(new Unwatched('a request was made while no hook runs'));
    return lent.receiver.fetch(input, init);
  };
  const sleep = (ms = 0, value?: unknown): Promise<unknown> =>
    lent ? lent.scheduler.sleep(ms).then(() => value) : Promise.resolve(value);
  Object.assign(timers, { setTimeout: sleep, setImmediate: (value: unknown) => sleep(0, value) });
  Object.assign(AbortSignal, {
    timeout(ms: number): AbortSignal {
      const over = new AbortController();
      const expire = (): void => over.abort(new DOMException('The operation timed out.', 'TimeoutError'));
      lent?.scheduler.after(ms, expire);
      return over.signal;
    },
  });
  const connect = Socket.prototype.connect as (...given: unknown[]) => Socket;
  Socket.prototype.connect = function refuse(this: Socket, ...given: unknown[]): Socket {
    if (running.getStore() === undefined) return connect.apply(this, given);
    const refusal = new Unwatched('a hook opened a connection past fetch: name its client in kassa.stand-ins.ts');
    process.nextTick(() => this.destroy(refusal));
    return this;
  } as typeof Socket.prototype.connect;
  syncBuiltinESMExports();
  return {
    async effect(one) {
      if (!lent) throw new Unwatched('a stand-in was used while no hook runs');
      return lent.receiver.effect(one);
    },
    lendTo(schedule) {
      lent = schedule;
    },
    openFetch() {
      const before = Object.getOwnPropertyDescriptor(globalThis, 'fetch');
      Object.defineProperty(globalThis, 'fetch', { value: ask, configurable: true, writable: true });
      return () => {
        if (before) Object.defineProperty(globalThis, 'fetch', before);
      };
    },
  };
}
