import { assertNoTransaction } from '../database/index.ts';
import type { Gateway, Listing } from '../domain/payments/gateway.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Calls } from './calls.ts';
import type { StripeClient } from './client.ts';
import { reportOfEndpoint } from './translate/endpoint.ts';
import { listedEvent } from './translate/event.ts';
import { reportOfFee } from './translate/fee.ts';
import { listedIntent } from './translate/intent.ts';
import { reportOfRefund } from './translate/refund.ts';
import { listedSession } from './translate/session.ts';

type Lists = Pick<
  Gateway,
  'listSessions' | 'listIntents' | 'listRefunds' | 'listFees' | 'listEvents' | 'listEndpoints'
>;

interface Desk {
  readonly calls: Calls;
  readonly client: StripeClient;
  readonly clock: Clock;
  readonly livemode: boolean;
}

const PAGE_SIZE = 100;

/** Pages of everything of one kind, newest first. All of them pass in the lane that gives way to everybody else. */
export function lists({ calls, client, clock, livemode }: Desk): Lists {
  const { balanceTransactions, checkout, events, paymentIntents, refunds, webhookEndpoints } = client.stripe;
  return {
    async listSessions({ status, ...filter }) {
      assertNoTransaction();
      const asked = { ...windowOf(filter), ...(status ? { status } : {}) };
      const list = await calls.call('GET /v1/checkout/sessions', 'reconcile', () =>
        checkout.sessions.list({ ...asked, expand: ['data.payment_intent'] }),
      );
      const at = clock.now();
      return pageOf(list, (session) => listedSession(session, at));
    },
    async listIntents(filter) {
      assertNoTransaction();
      const list = await calls.call('GET /v1/payment_intents', 'reconcile', () =>
        paymentIntents.list(windowOf(filter)),
      );
      const at = clock.now();
      return pageOf(list, (intent) => listedIntent(intent, at));
    },
    async listRefunds({ payment_id, ...filter }) {
      assertNoTransaction();
      const asked = { ...windowOf(filter), ...(payment_id ? { payment_intent: payment_id } : {}) };
      const list = await calls.call('GET /v1/refunds', 'reconcile', () => refunds.list(asked));
      const at = clock.now();
      return pageOf(list, (refund) => reportOfRefund(refund, at, livemode));
    },
    async listFees(filter) {
      assertNoTransaction();
      const asked = { ...windowOf(filter), expand: ['data.source'] };
      const list = await calls.call('GET /v1/balance_transactions', 'reconcile', () => balanceTransactions.list(asked));
      return pageOf(list, reportOfFee);
    },
    async listEvents({ types, ...filter }) {
      assertNoTransaction();
      const list = await calls.call('GET /v1/events', 'reconcile', () =>
        events.list({ ...windowOf(filter), types: [...types] }),
      );
      return pageOf(list, listedEvent);
    },
    async listEndpoints() {
      assertNoTransaction();
      const list = await calls.call('GET /v1/webhook_endpoints', 'unblock', () =>
        webhookEndpoints.list({ limit: PAGE_SIZE }),
      );
      return list.data.map(reportOfEndpoint);
    },
  };
}

/** Both ends are counted. */
function windowOf({ created_from, created_to, after }: Parameters<Gateway['listIntents']>[0]) {
  const created = { gte: seconds(created_from), ...(created_to ? { lte: seconds(created_to) } : {}) };
  return { created, limit: PAGE_SIZE, ...(after === undefined ? {} : { starting_after: after }) };
}

function pageOf<Raw extends { id: string }, Item>(
  list: { data: Raw[]; has_more: boolean },
  translate: (raw: Raw) => Item,
): Listing<Item> {
  return { items: list.data.map(translate), next: list.has_more ? list.data.at(-1)?.id : undefined };
}

function seconds(at: Date): number {
  return Math.floor(at.getTime() / 1000);
}
