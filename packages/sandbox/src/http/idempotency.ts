import { hash } from 'node:crypto';
import { canonicalJson } from '../kernel/canonical.ts';
import { ApiFailure } from '../kernel/failure.ts';
import type { World } from '../store/world.ts';

export const KEY_LENGTH = 255;
const LIFE_MS = 24 * 3_600_000;

/** What a key was first used for. */
export function fingerprint(method: string, path: string, params: Record<string, unknown>): string {
  return hash('sha256', `${method} ${path} ${canonicalJson(params)}`, 'hex');
}

/** Keys of one account mean nothing in another. */
export interface KeyUse {
  key: string;
  account: string;
}

export interface StoredReply {
  status: number;
  body: string;
  request_id: string;
}

/**
 * What is known of this key in this account.
 * @returns the stored reply, or undefined when the call has to be executed
 * @throws ApiFailure 400 idempotency_error when the key was used for another call, 409 while that call is under way
 */
export function lookUpKey(world: World, { key, account }: KeyUse, print: string): StoredReply | undefined {
  const row = world.database.one('select * from idempotency where key = ? and account = ?', key, account);
  // A key that is too old is overwritten by the call that comes now.
  if (!row || world.clock.now() - (row.created_ms as number) >= LIFE_MS) return undefined;
  if (row.fingerprint !== print) {
    throw new ApiFailure(
      400,
      {
        type: 'idempotency_error',
        message: `The idempotency key '${key}' was used before for another call. Use a new key for other parameters.`,
      },
      { stored: false },
    );
  }
  if (row.state === 'started') {
    throw new ApiFailure(
      409,
      {
        type: 'invalid_request_error',
        code: 'idempotency_key_in_use',
        message: `Another call with the idempotency key '${key}' is still under way. Try again in a moment.`,
      },
      { stored: false, headers: { 'stripe-should-retry': 'true' } },
    );
  }
  return { status: row.status as number, body: row.body as string, request_id: row.request_id as string };
}

/** Marks a key as under way, so that a second call is told 409 while the first waits. */
export function startKey(world: World, { key, account }: KeyUse, print: string): void {
  world.database.run(
    "insert or replace into idempotency (key, account, fingerprint, state, created_ms) values (?, ?, ?, 'started', ?)",
    key,
    account,
    print,
    world.clock.now(),
  );
}

export function finishKey(world: World, { key, account }: KeyUse, print: string, reply: StoredReply): void {
  world.database.run(
    'insert or replace into idempotency (key, account, fingerprint, state, status, body, request_id, created_ms) ' +
      "values (?, ?, ?, 'done', ?, ?, ?, ?)",
    key,
    account,
    print,
    reply.status,
    reply.body,
    reply.request_id,
    world.clock.now(),
  );
}

/** The call turned out not to count: a validation failure frees the key again. */
export function freeKey(world: World, { key, account }: KeyUse): void {
  world.database.run("delete from idempotency where key = ? and account = ? and state = 'started'", key, account);
}
