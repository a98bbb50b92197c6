import type { World } from '../../app.ts';
import { expectStatus, isRecord, type Journey, rowsOf } from './journey.ts';

const WAIT_MS = 20_000;
const POLL_MS = 200;

/**
 * Asks our own timeline, not the status call: that one may ask Stripe, and here the webhook has to arrive alone. Where it
 * is late, the shop may have compared the payment with Stripe first; that is said, and the webhook is waited for anyway.
 */
export async function heard(journey: Journey, order_id: string, world: World) {
  return until(world, 'no signed webhook has made the order paid', async () => {
    const answer = await journey.get(`/admin/orders/${order_id}.json`);
    expectStatus(answer, 200);
    const steps = rowsOf(answer.body, 'steps');
    const webhook = steps.find(({ kind, state, json }) => kind === 'webhook' && state === 'ok' && isSigned(json));
    const because = steps.find(({ title }) => title === 'Order paid')?.detail;
    if (answer.body.status !== 'paid' || !webhook) return undefined;
    const by_itself = typeof because === 'string' && because.includes('evt_');
    const number = answer.body.number as number;
    const first = by_itself ? '' : '; the shop had asked before it came';
    return { number, status: 200, detail: `signed, stored, order #${number} paid${first}` };
  });
}

/** What only the shop's own asking has brought is marked as listed; nobody signed it. */
const isSigned = (record: unknown): boolean => isRecord(record) && record.listed === false;

/** One receipt, and no second one. */
export async function receipt(journey: Journey, order_id: string, { world, email }: { world: World; email: string }) {
  return until(world, 'no receipt has been sent', async () => {
    const answer = await journey.get(`/admin/inbox.json?order=${order_id}`);
    expectStatus(answer, 200);
    const mails = rowsOf(answer.body, 'messages').filter(
      ({ order_id: of, channel }) => of === order_id && channel !== 'sms',
    );
    const [mail] = mails;
    if (!mail || mail.state === 'rendered') return undefined;
    if (mails.length !== 1) throw new Error(`${mails.length} mails were sent for one payment`);
    if (mail.recipient !== email) throw new Error(`the receipt went to ${String(mail.recipient)}`);
    return { status: answer.status, detail: `receipt to ${email}` };
  });
}

/** Asks until there is an answer. @throws Error saying what has not happened. */
export async function until<Result>(
  world: World,
  otherwise: string,
  ask: () => Promise<Result | undefined>,
): Promise<Result> {
  for (let waited_ms = 0; waited_ms < WAIT_MS; waited_ms += POLL_MS) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await world.clock.sleep(POLL_MS);
  }
  throw new Error(`${otherwise} within ${WAIT_MS / 1000} s`);
}
