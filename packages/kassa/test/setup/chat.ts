import { inTransaction } from '../../src/database/index.ts';
import { insertKey, type KeyCaps, type KeyKind, makeKey, SCOPES, type Scope } from '../../src/domain/keys/index.ts';
import { ORIGIN, type Shop, startShop } from './shop.ts';
import { realIds, realRandom } from './world.ts';

/** An answer that was read to its end. */
export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Asking {
  /** Default: the key with all scopes. Null: none. */
  readonly key?: string | null;
  readonly headers?: Record<string, string>;
}

/** A shop that an agent's server talks to, with the keys of the conformance list. */
export interface ChatShop extends Shop {
  readonly keys: {
    /** All scopes. */
    readonly full: string;
    /** May not name a price. */
    readonly plain: string;
    /** All scopes, an agent's, capped at 300 usd for one payment. */
    readonly agent: string;
    readonly publishable: string;
  };
  addKey(kind: KeyKind, scopes: readonly Scope[], caps?: KeyCaps): Promise<string>;
  post(path: string, body?: unknown, asking?: Asking): Promise<Answered>;
  get(path: string, asking?: Asking): Promise<Answered>;
  /** Opens a payment and answers Stripe's id. Fails when it is not 200. */
  pay(request?: Record<string, unknown>): Promise<string>;
  /** The buyer's browser confirms with a method; answers Stripe's word for the payment, or why the bank said no. */
  confirm(payment_id: string, method?: string): Promise<string>;
}

const PAYMENTS = '/payments';
export const LINK = { success_url: `${ORIGIN}/success`, cancel_url: `${ORIGIN}/cancel` };
export const TICKET = { amount: 100, currency: 'usd', description: 'Ticket purchase', metadata: { order_id: '123' } };

export async function startChat(options: Parameters<typeof startShop>[0] = {}): Promise<ChatShop> {
  const shop = await startShop(options);
  const addKey: ChatShop['addKey'] = async (kind, scopes, caps = {}) => {
    const text = makeKey(kind, 'test', realRandom);
    const key = { ...shop.house.shop, kind, name: kind, text, scopes, caps };
    await inTransaction(shop.db, (tx) => insertKey(tx, key, { ids: realIds, at: shop.house.clock.now() }));
    return text;
  };
  const keys: ChatShop['keys'] = {
    full: await addKey('secret', SCOPES),
    plain: await addKey(
      'secret',
      SCOPES.filter((scope) => scope !== 'prices:custom'),
    ),
    agent: await addKey('agent', SCOPES, { payment: { usd: 30_000 } }),
    publishable: await addKey('publishable', []),
  };
  const ask = async (path: string, init: RequestInit, { key = keys.full, headers = {} }: Asking): Promise<Answered> => {
    const credentials = key === null ? {} : { Authorization: `Bearer ${key}` };
    const all = { ...init.headers, ...credentials, ...headers } as Record<string, string>;
    const answer = await shop.send(PAYMENTS + path, { ...init, headers: all });
    const text = await answer.text();
    const body = (text === '' ? {} : JSON.parse(text)) as Answered['body'];
    return { status: answer.status, headers: answer.headers, body };
  };
  const post: ChatShop['post'] = (path, body, asking = {}) => {
    const written =
      body === undefined ? {} : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } };
    return ask(path, { method: 'POST', ...written }, asking);
  };
  return Object.assign(shop, {
    ...{ keys, addKey, post },
    get: (path: string, asking: Asking = {}) => ask(path, { method: 'GET' }, asking),
    async pay(request: Record<string, unknown> = TICKET) {
      const { status, body } = await post('/intent/create', request);
      if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
      return (body.payment_intent as { id: string }).id;
    },
    async confirm(payment_id: string, method = 'pm_card_visa') {
      try {
        const asked = { payment_method: method, return_url: `${ORIGIN}/back` };
        return (await shop.stripe.paymentIntents.confirm(payment_id, asked)).status;
      } catch (error) {
        const { decline_code, code } = error as { decline_code?: string; code?: string };
        if (code === undefined) throw error;
        return decline_code ?? code;
      }
    },
  });
}
