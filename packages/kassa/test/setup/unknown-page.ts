import type { Sandbox } from '@kassa/sandbox';

/** An order that no shop of the tests has ever written. */
export const UNKNOWN_ORDER = 'ord_01h455vb4pex5vsknk084sn02q';

interface UnknownPage {
  /** Whose mark the page carries; without it, it could be of any shop. */
  readonly shop_id?: string;
  readonly success_url?: string;
}

/** What a page of 7.00 USD is opened with that carries our mark, while no row of ours knows it. */
export function unknownPage({ shop_id, success_url = 'https://shop.example/' }: UnknownPage = {}): URLSearchParams {
  return new URLSearchParams({
    ...{ mode: 'payment', success_url, 'line_items[0][quantity]': '1' },
    ...{ 'line_items[0][price_data][currency]': 'usd', 'line_items[0][price_data][unit_amount]': '700' },
    'line_items[0][price_data][product_data][name]': 'Lost',
    'metadata[kassa_order_id]': UNKNOWN_ORDER,
    ...(shop_id === undefined ? {} : { 'metadata[kassa_shop_id]': shop_id }),
  });
}

/** Opens such a page at Stripe, and answers the id of its session. */
export async function openUnknown(sandbox: Sandbox, page: UnknownPage = {}): Promise<string> {
  const headers = { authorization: `Bearer ${sandbox.keys.secret}` };
  const url = 'http://127.0.0.1:4243/v1/checkout/sessions';
  const answer = await sandbox.fetch(new Request(url, { method: 'POST', headers, body: unknownPage(page) }));
  return ((await answer.json()) as { id: string }).id;
}

/** The same, and its buyer has paid. */
export async function payUnknown(sandbox: Sandbox, page: UnknownPage = {}): Promise<string> {
  const id = await openUnknown(sandbox, page);
  await sandbox.control.pay(id, { outcome: 'pays', email: 'ann@example.com' });
  return id;
}
