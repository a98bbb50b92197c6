import type { Database } from '../../database/index.ts';
import { attemptsOf, findAttempt, type Gateway, isLive, type PaymentReport } from '../../domain/payments/index.ts';
import type { Shop } from '../house.ts';
import { readAttempt } from './read-attempt.ts';

/**
 * A refusal on a page of Stripe's, as a report about that page. Stripe makes the payment late, so an event may speak of
 * one that we have not heard of: then the open pages of the order that it is marked with are asked whether it is theirs.
 * The mark alone proves nothing; what links is Stripe's answer about a session that we keep.
 */
export async function readRefused(
  { db, gateway, shop }: { readonly db: Database; readonly gateway: Gateway; readonly shop: Shop },
  told: PaymentReport,
): Promise<PaymentReport | undefined> {
  const { payment_id, reference, decline } = told;
  const known = await findAttempt(db, shop, { session_id: null, payment_id });
  if (known) return known.session_id === null ? undefined : { ...told, session_id: known.session_id };
  const attempts = reference === null ? [] : await attemptsOf(db, reference);
  const pages = attempts.filter(
    (one) => one.tenant_id === shop.tenant_id && one.session_id !== null && isLive(one.payment_status),
  );
  for (const page of pages) {
    const report = await readAttempt(gateway, page, 'unblock');
    if (report.payment_id === payment_id) return { ...report, decline: decline ?? report.decline };
  }
  return undefined;
}
