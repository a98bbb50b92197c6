import {
  claimKey,
  finishKey,
  inTransaction,
  type KeyRequest,
  releaseKey,
  type Transaction,
} from '../../database/index.ts';
import { type ErrorCode, KassaError } from '../../kernel/errors.ts';
import type { House, RefundView } from '../house.ts';

/** What a caller's key stands for: an answer, a refund that was begun under it, or nothing yet. */
export type Claimed =
  | { readonly view: RefundView }
  | { readonly refusal: KassaError }
  | { readonly refund_id: string }
  | undefined;

/**
 * Claims the key of a refund in the transaction that writes it.
 * @throws KassaError `idempotency_key_reused`, `idempotency_key_in_use`
 */
export async function claimRefund(house: House, tx: Transaction, key: KeyRequest): Promise<Claimed> {
  const claim = await claimKey(tx, key, house.clock.now());
  switch (claim.state) {
    case 'replay':
      return kept(claim);
    case 'reused':
      throw new KassaError('idempotency_key_reused', 'This idempotency key was used with another request.');
    case 'in_use': {
      const sentence = 'A request with this idempotency key is still running.';
      throw new KassaError('idempotency_key_in_use', sentence, { retry_after_s: 1 });
    }
    case 'resume':
      return claim.refund_id === null ? undefined : { refund_id: claim.refund_id };
    default:
      return undefined;
  }
}

/** Stores the answer; whoever was first stays. */
export async function keepAnswer(house: House, key: KeyRequest, view: RefundView): Promise<RefundView> {
  const at = house.clock.now();
  const answer = { status: 200, body: JSON.stringify(view) };
  const first = await inTransaction(house.db, (tx) => finishKey(tx, key, answer, at));
  return JSON.parse(first.body) as RefundView;
}

/**
 * Remembers a refusal that a repeat would get as well; anything else only lets go of the key, so that a repeat can
 * begin at once.
 */
export async function keepRefusal(house: House, key: KeyRequest, error: unknown): Promise<void> {
  const at = house.clock.now();
  const lasting = error instanceof KassaError && error.status < 500 && error.status !== 429;
  if (!lasting) return releaseKey(house.db, key, at);
  if (error.code.startsWith('idempotency_')) return;
  const { status, code, message, details } = error;
  await inTransaction(house.db, async (tx) => {
    const claim = await claimKey(tx, key, at);
    if (claim.state === 'replay' || claim.state === 'reused') return;
    await finishKey(tx, key, { status, body: JSON.stringify({ code, message, details }) }, at);
  });
}

function kept({ status, body }: { readonly status: number; readonly body: string }): Claimed {
  const answer: unknown = JSON.parse(body);
  if (status < 400) return { view: { ...(answer as RefundView), replayed: true } };
  const { code, message, details } = answer as KeptRefusal;
  return { refusal: new KassaError(code, message, details) };
}

interface KeptRefusal {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: Record<string, unknown>;
}
