import type { CheckoutCreateCall, Hooks } from '../config/hooks.ts';
import { assertNoTransaction, type Database } from '../database/index.ts';
import { offersById } from '../domain/catalog/index.ts';
import { KassaError } from '../kernel/errors.ts';
import { type TimeLimit, withinLimit } from './time-limit.ts';

/** What is about to be bought and by whom, as far as a gate may know it. */
export interface GateQuestion {
  readonly contract: string;
  readonly lines: readonly { readonly offer_id: string; readonly quantity: number }[];
  readonly buyer: { readonly user_id?: string; readonly email?: string; readonly email_verified?: boolean };
}

export interface GateDesk {
  readonly db: Database;
  readonly shop: { readonly tenant_id: string; readonly mode: 'test' | 'live' };
  readonly limit: TimeLimit;
  readonly gate: Hooks['before']['checkout.create'];
}

/** A buyer waits for it. */
export const GATE_LIMIT_MS = 2_000;

/**
 * Asks the shop's own gate before anything is written. It may refuse and decides nothing else; a gate that throws or
 * takes too long lets nobody through, because a shop that asks for a check must not sell without it.
 * @throws KassaError `forbidden` with the shop's sentence and `details.reason`, `overloaded` with `retry_after_s`; what
 *   the gate throws otherwise.
 */
export async function askGate(desk: GateDesk, question: GateQuestion): Promise<void> {
  const { gate } = desk;
  if (!gate) return;
  assertNoTransaction();
  const offers = await offersById(
    desk.db,
    desk.shop,
    question.lines.map((line) => line.offer_id),
  );
  const call: CheckoutCreateCall = {
    contract: question.contract,
    items: question.lines.map(({ offer_id, quantity }) => ({ product: offers.get(offer_id)?.key ?? '', quantity })),
    customer: {
      user_id: question.buyer.user_id ?? null,
      email: question.buyer.email ?? null,
      email_verified: question.buyer.email_verified === true,
    },
    refuse(code, sentence) {
      throw new KassaError('forbidden', sentence, { reason: code });
    },
    later(seconds, sentence = 'Many people are here at this moment. Please wait.') {
      throw new KassaError('overloaded', sentence, { retry_after_s: seconds });
    },
  };
  await withinLimit(desk.limit, async () => gate(call));
}
