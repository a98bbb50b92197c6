import { assertNoTransaction } from '../database/index.ts';
import type { Gateway } from '../domain/payments/gateway.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Calls } from './calls.ts';
import type { StripeClient } from './client.ts';
import { reportOfBalance, reportOfDispute, reportOfWarning } from './translate/dispute.ts';

type Disputes = Pick<Gateway, 'readDispute' | 'readFraudWarning' | 'listDisputes' | 'readBalance'>;

interface Desk {
  readonly calls: Calls;
  readonly client: StripeClient;
  readonly clock: Clock;
}

const PAGE_SIZE = 100;

/** What banks ask back, and what there is to give back from. */
export function disputes({ calls, client, clock }: Desk): Disputes {
  const { stripe } = client;
  return {
    async readDispute(dispute_id, lane) {
      assertNoTransaction();
      const dispute = await calls.call('GET /v1/disputes/:id', lane, () =>
        stripe.disputes.retrieve(dispute_id, { expand: ['payment_intent'] }),
      );
      return reportOfDispute(dispute, clock.now());
    },
    async readFraudWarning(warning_id, lane) {
      assertNoTransaction();
      const warning = await calls.call('GET /v1/radar/early_fraud_warnings/:id', lane, () =>
        stripe.radar.earlyFraudWarnings.retrieve(warning_id, { expand: ['payment_intent'] }),
      );
      return reportOfWarning(warning, clock.now());
    },
    async listDisputes({ created_from, after }) {
      assertNoTransaction();
      const created = { gte: Math.floor(created_from.getTime() / 1000) };
      const list = await calls.call('GET /v1/disputes', 'reconcile', () =>
        stripe.disputes.list({
          ...{ created, limit: PAGE_SIZE, expand: ['data.payment_intent'] },
          ...(after ? { starting_after: after } : {}),
        }),
      );
      const at = clock.now();
      const items = list.data.map((dispute) => reportOfDispute(dispute, at));
      return { items, next: list.has_more ? list.data.at(-1)?.id : undefined };
    },
    async readBalance(lane) {
      assertNoTransaction();
      return reportOfBalance(await calls.call('GET /v1/balance', lane, () => stripe.balance.retrieve()));
    },
  };
}
