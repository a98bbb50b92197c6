import { assertNoTransaction } from '../database/index.ts';
import type { Gateway } from '../domain/payments/gateway.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Http } from '../kernel/http.ts';
import type { Log } from '../kernel/log.ts';
import type { Random } from '../kernel/random.ts';
import type { BudgetRates } from './budget.ts';
import { type Calls, createCalls } from './calls.ts';
import { API_VERSION, createClient, type StripeAddress, type StripeClient } from './client.ts';
import { disputes } from './disputes.ts';
import { lists } from './lists.ts';
import { composesPeople, people } from './people.ts';
import {
  intentInEvent,
  listedEvent,
  paymentInEvent,
  refundInEvent,
  sessionInEvent,
  verifyEvent,
} from './translate/event.ts';
import {
  encodeCancel,
  encodeConfirm,
  encodeIntent,
  openedIntent,
  reportOfIntent,
  reportOfRefusal,
} from './translate/intent.ts';
import { encodeRefund, reportOfRefund } from './translate/refund.ts';
import { encodeSession, listedSession, openedSession, reportOfSession } from './translate/session.ts';
import { whenKnown } from './when-known.ts';

export interface GatewayOptions {
  readonly http: Http;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly address: StripeAddress;
  readonly rates: BudgetRates;
  /** Any of them may have signed; none means that no webhook is accepted. */
  readonly webhook_secrets: readonly string[];
}

/** What the methods below share. */
interface Desk {
  readonly calls: Calls;
  readonly client: StripeClient;
  readonly clock: Clock;
  readonly livemode: boolean;
}

type Composes = Pick<
  Gateway,
  'composeSession' | 'composeExpiry' | 'composeIntent' | 'composeCancel' | 'composeConfirm' | 'composeRefund'
>;
type Writes = Pick<
  Gateway,
  'reserve' | 'openSession' | 'expireSession' | 'openIntent' | 'cancelIntent' | 'confirmIntent' | 'createRefund'
>;
type Reads = Pick<Gateway, 'readSession' | 'readIntent' | 'readRefund' | 'readEvent' | 'sessionOfPayment'>;

/** The one door to Stripe. Every method that reaches the network refuses to run inside a transaction. */
export function createGateway(options: GatewayOptions): Gateway {
  const { http, address, clock, webhook_secrets: secrets } = options;
  const client = createClient(http, address);
  const desk = { calls: createCalls(options), client, clock, livemode: address.secret_key.includes('_live_') };
  return {
    api_version: API_VERSION,
    ...composes,
    ...composesPeople,
    ...people(desk),
    ...writes(desk),
    ...reads(desk),
    ...lists(desk),
    ...disputes(desk),
    budgetLeft: () => desk.calls.left(),
    verifyEvent: (raw, signature, at) => verifyEvent(raw, signature, { secrets, at }),
    sessionOf: sessionInEvent,
    refundOf: refundInEvent,
    intentOf: intentInEvent,
    paymentOf: paymentInEvent,
  };
}

const composes: Composes = {
  composeSession: (request) => ({ path: '/v1/checkout/sessions', body: encodeSession(request) }),
  composeExpiry: (session_id) => ({ path: `/v1/checkout/sessions/${encodeURIComponent(session_id)}/expire`, body: '' }),
  composeIntent: (request) => ({ path: '/v1/payment_intents', body: encodeIntent(request) }),
  composeCancel: (payment_id, reason) => ({
    path: `/v1/payment_intents/${encodeURIComponent(payment_id)}/cancel`,
    body: encodeCancel(reason),
  }),
  composeConfirm: (confirmation) => ({
    path: `/v1/payment_intents/${encodeURIComponent(confirmation.payment_id)}/confirm`,
    body: encodeConfirm(confirmation),
  }),
  composeRefund: (refund) => ({ path: '/v1/refunds', body: encodeRefund(refund) }),
};

function writes({ calls, client, clock, livemode }: Desk): Writes {
  const { sendStored } = client;
  return {
    async reserve(endpoint, lane) {
      assertNoTransaction();
      await calls.reserve(endpoint, lane);
    },
    async openSession(stored, key) {
      assertNoTransaction();
      return openedSession(await calls.reserved('POST /v1/checkout/sessions', () => sendStored(stored, key)));
    },
    async expireSession(stored, key) {
      assertNoTransaction();
      const endpoint = 'POST /v1/checkout/sessions/:id/expire';
      const session = await calls.call(endpoint, 'money_back', () => sendStored(stored, key));
      return reportOfSession(session, clock.now());
    },
    async openIntent(stored, key) {
      assertNoTransaction();
      return openedIntent(await calls.reserved('POST /v1/payment_intents', () => sendStored(stored, key)));
    },
    async cancelIntent(stored, key) {
      assertNoTransaction();
      const endpoint = 'POST /v1/payment_intents/:id/cancel';
      return reportOfIntent(await calls.call(endpoint, 'money_back', () => sendStored(stored, key)), clock.now());
    },
    async confirmIntent(stored, key) {
      assertNoTransaction();
      const endpoint = 'POST /v1/payment_intents/:id/confirm';
      try {
        const intent = await calls.call(endpoint, 'buyer', () => sendStored(stored, key));
        return reportOfIntent(intent, clock.now());
      } catch (error) {
        const refusal = reportOfRefusal(error, clock.now());
        if (!refusal) throw error;
        return refusal;
      }
    },
    async createRefund(stored, key) {
      assertNoTransaction();
      const refund = await calls.call('POST /v1/refunds', 'money_back', () => sendStored(stored, key));
      return reportOfRefund(refund, clock.now(), livemode);
    },
  };
}

function reads({ calls, client, clock, livemode }: Desk): Reads {
  const { checkout, events, paymentIntents, refunds } = client.stripe;
  return {
    async readSession(session_id, lane) {
      assertNoTransaction();
      const endpoint = 'GET /v1/checkout/sessions/:id';
      const session = await calls.call(endpoint, lane, () =>
        checkout.sessions.retrieve(session_id, { expand: ['payment_intent'] }),
      );
      return reportOfSession(session, clock.now());
    },
    async readIntent(payment_id, lane) {
      assertNoTransaction();
      const endpoint = 'GET /v1/payment_intents/:id';
      const intent = await calls.call(endpoint, lane, () => paymentIntents.retrieve(payment_id));
      return reportOfIntent(intent, clock.now());
    },
    async sessionOfPayment(payment_id) {
      assertNoTransaction();
      const filter = { payment_intent: payment_id, limit: 1, expand: ['data.payment_intent'] };
      const list = await whenKnown(() =>
        calls.call('GET /v1/checkout/sessions', 'reconcile', () => checkout.sessions.list(filter)),
      );
      const session = list?.data[0];
      return session && listedSession(session, clock.now());
    },
    async readEvent(event_id, lane) {
      assertNoTransaction();
      return whenKnown(async () =>
        listedEvent(await calls.call('GET /v1/events/:id', lane, () => events.retrieve(event_id))),
      );
    },
    async readRefund(refund_id, lane) {
      assertNoTransaction();
      const refund = await calls.call('GET /v1/refunds/:id', lane, () => refunds.retrieve(refund_id));
      return reportOfRefund(refund, clock.now(), livemode);
    },
  };
}
