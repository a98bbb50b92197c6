import { assertNoTransaction } from '../database/index.ts';
import type { Gateway, GatewayFailure, Lane, Listing } from '../domain/payments/index.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Http } from '../kernel/http.ts';
import type { Log } from '../kernel/log.ts';
import type { Random } from '../kernel/random.ts';
import { type BudgetRates, createBudget } from './budget.ts';
import { API_VERSION, createClient, type StripeAddress } from './client.ts';
import { failureOf } from './failure.ts';
import { paymentInEvent, refundInEvent, sessionInEvent, verifyEvent } from './translate-event.ts';
import { encodeRefund, reportOfRefund } from './translate-refund.ts';
import { encodeSession, listedSession, openedSession, reportOfSession } from './translate-session.ts';

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

/** Calls of one operation under one key: the first and two repeats. Stored bytes make a repeat harmless. */
const TRIES_MAX = 3;
const PAUSE_MS = 250;
const PAGE_SIZE = 100;
const WITH_PAYMENT = { expand: ['payment_intent'] };

/** The one door to Stripe. Every method that reaches the network refuses to run inside a transaction. */
export function createGateway(options: GatewayOptions): Gateway {
  const { clock, random, log } = options;
  const { stripe, sendStored } = createClient(options.http, options.address);
  const budget = createBudget(clock, options.rates);
  const livemode = options.address.secret_key.includes('_live_');

  /** Repeats what was busy or got no answer, with jitter; a refusal is final at once. */
  const call = async <Result>(endpoint: string, send: () => Promise<Result>): Promise<Result> => {
    for (let tries = 1; ; tries += 1) {
      try {
        return await send();
      } catch (error) {
        const failure: GatewayFailure = failureOf(error);
        log.warn({ endpoint, tries, kind: failure.kind, code: failure.code }, 'Stripe did not answer with success');
        if (failure.kind === 'busy') budget.slowDown(endpoint);
        if (failure.kind === 'refused' || tries === TRIES_MAX) throw failure;
        await clock.sleep(PAUSE_MS * 2 ** (tries - 1) + random.below(PAUSE_MS));
      }
    }
  };
  const read = async <Result>(endpoint: string, lane: Lane, send: () => Promise<Result>): Promise<Result> => {
    await budget.take(endpoint, lane);
    return call(endpoint, send);
  };
  const page = async <Item>(items: Item[], has_more: boolean, last: string | undefined): Promise<Listing<Item>> => ({
    items,
    next: has_more ? last : undefined,
  });

  return {
    api_version: API_VERSION,
    composeSession: (request) => ({ path: '/v1/checkout/sessions', body: encodeSession(request) }),
    composeExpiry: (session_id) => ({
      path: `/v1/checkout/sessions/${encodeURIComponent(session_id)}/expire`,
      body: '',
    }),
    composeRefund: (refund) => ({ path: '/v1/refunds', body: encodeRefund(refund) }),

    async reserve(endpoint, lane) {
      assertNoTransaction();
      await budget.take(endpoint, lane);
    },
    async openSession(stored, key) {
      assertNoTransaction();
      return openedSession(await call('POST /v1/checkout/sessions', () => sendStored(stored, key)));
    },
    async expireSession(stored, key) {
      assertNoTransaction();
      const endpoint = 'POST /v1/checkout/sessions/:id/expire';
      const session = await read(endpoint, 'money_back', () => sendStored(stored, key));
      return reportOfSession(session, clock.now());
    },
    async createRefund(stored, key) {
      assertNoTransaction();
      const refund = await read('POST /v1/refunds', 'money_back', () => sendStored(stored, key));
      return reportOfRefund(refund, clock.now(), livemode);
    },
    async readSession(session_id, lane) {
      assertNoTransaction();
      const endpoint = 'GET /v1/checkout/sessions/:id';
      const session = await read(endpoint, lane, () => stripe.checkout.sessions.retrieve(session_id, WITH_PAYMENT));
      return reportOfSession(session, clock.now());
    },
    async readRefund(refund_id, lane) {
      assertNoTransaction();
      const refund = await read('GET /v1/refunds/:id', lane, () => stripe.refunds.retrieve(refund_id));
      return reportOfRefund(refund, clock.now(), livemode);
    },
    async listSessions({ created_from, created_to, status, after }) {
      assertNoTransaction();
      const created = { gte: seconds(created_from), ...(created_to ? { lte: seconds(created_to) } : {}) };
      const filter = { ...(status ? { status } : {}), ...(after ? { starting_after: after } : {}) };
      const list = await read('GET /v1/checkout/sessions', 'reconcile', () =>
        stripe.checkout.sessions.list({ created, ...filter, limit: PAGE_SIZE, expand: ['data.payment_intent'] }),
      );
      const at = clock.now();
      return page(
        list.data.map((session) => listedSession(session, at)),
        list.has_more,
        list.data.at(-1)?.id,
      );
    },
    async listRefunds({ created_from, after }) {
      assertNoTransaction();
      const filter = { created: { gte: seconds(created_from) }, ...(after ? { starting_after: after } : {}) };
      const list = await read('GET /v1/refunds', 'reconcile', () =>
        stripe.refunds.list({ ...filter, limit: PAGE_SIZE }),
      );
      const at = clock.now();
      return page(
        list.data.map((refund) => reportOfRefund(refund, at, livemode)),
        list.has_more,
        list.data.at(-1)?.id,
      );
    },

    verifyEvent: (raw, signature, at) => verifyEvent(raw, signature, { secrets: options.webhook_secrets, at }),
    sessionOf: sessionInEvent,
    refundOf: refundInEvent,
    paymentOf: paymentInEvent,
  };
}

function seconds(at: Date): number {
  return Math.floor(at.getTime() / 1000);
}
