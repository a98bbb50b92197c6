import { idsFrom, toTypeId } from '../../src/kernel/ids.ts';
import { type Dice, diceOf } from '../engine/dice.ts';
import { newLife } from '../engine/lives.ts';
import { intentsAtStripe, type MarkedAtStripe, marksAtStripe } from '../invariants/at-stripe.ts';
import type { Street } from './asking.ts';

const MINUTE = 60_000;
/** What a payment past Kassa carries: nothing, our mark with an order that nobody has, or the mark of a real order. */
const KINDS = ['payment_of_others', 'payment_without_order', 'payment_with_copied_mark'] as const;

/**
 * People and programs with the shop's own account who take money past Kassa, at the dashboard or by a script, and edit
 * what is waiting to be paid. No payment is an order's because of what somebody wrote on it; none of ours is forgotten.
 */
export function sendPastKassa(street: Street, { payments, edits }: { payments: number; edits: boolean }): void {
  const { scheduler, seed } = street;
  for (let number = 1; number <= payments; number += 1) {
    const dice = diceOf(`${seed}/past kassa ${number}`);
    scheduler.spawn(newLife('merchant'), 'takes money past Kassa', async () => {
      await scheduler.sleep(dice.between(2, 40) * MINUTE);
      await takeMoney(street, dice, number);
    });
  }
  if (!edits) return;
  const dice = diceOf(`${seed}/edits`);
  scheduler.spawn(newLife('merchant'), 'edits a payment', async () => {
    for (let visit = 1; visit <= 6; visit += 1) {
      await scheduler.sleep(dice.between(1, 90) * 1_000);
      if (await editAmount(street, dice, visit)) return;
    }
  });
}

async function takeMoney(street: Street, dice: Dice, number: number): Promise<void> {
  const { sandbox, scheduler, evidence } = street;
  await scheduler.point('at Stripe’s dashboard');
  const marked = marksAtStripe(sandbox);
  if (marked.length === 0) return street.tell('merchant', 'finds nothing to copy');
  const copied = dice.pick(marked);
  const kind = dice.pick(KINDS);
  const body = {
    ...{ amount: String(copied.amount ?? 4_500), currency: copied.currency ?? 'usd', confirm: 'true' },
    ...{ payment_method: 'pm_card_visa', return_url: 'https://shop.example/' },
    ...metadataOf(street, dice, kind, copied),
  };
  const said = await post(street, 'payment_intents', { body, key: `past-kassa-${number}` });
  if (said.status !== 'succeeded' || said.id === undefined)
    return street.tell('merchant', `is refused: ${said.status}`);
  evidence.past_kassa.set(said.id, kind === 'payment_of_others' ? 'of others' : 'ours');
  street.count(kind, 'merchant');
}

function metadataOf({ scheduler }: Street, dice: Dice, kind: (typeof KINDS)[number], copied: MarkedAtStripe) {
  if (kind === 'payment_of_others') return {};
  const nobodys = idsFrom({ now: () => new Date(scheduler.now()), sleep: (ms) => scheduler.sleep(ms) }, dice).uuid();
  const order = kind === 'payment_without_order' ? toTypeId('ord', nobodys) : copied.order;
  return { 'metadata[kassa_order_id]': order, 'metadata[kassa_shop_id]': copied.shop };
}

/** Somebody raises what a waiting payment asks for: whoever pays it pays another amount than its order's. */
async function editAmount(street: Street, dice: Dice, visit: number): Promise<boolean> {
  const { sandbox, scheduler } = street;
  await scheduler.point('at Stripe’s dashboard');
  const waiting = intentsAtStripe(sandbox).filter((one) => one.status === 'requires_payment_method');
  if (waiting.length === 0) return false;
  const { id, amount } = dice.pick(waiting);
  const said = await post(street, `payment_intents/${id}`, {
    ...{ body: { amount: String(amount + 100) }, key: `edit-${visit}` },
  });
  if (said.status !== 'requires_payment_method') return false;
  street.count('amount_edited', 'merchant');
  return true;
}

async function post(
  { sandbox, scheduler, touched }: Street,
  path: string,
  { body, key }: { readonly body: Readonly<Record<string, string>>; readonly key: string },
): Promise<{ readonly id?: string; readonly status: string }> {
  const headers = {
    authorization: `Bearer ${sandbox.keys.secret}`,
    'idempotency-key': key,
    'content-type': 'application/x-www-form-urlencoded',
  };
  const url = `http://127.0.0.1:4243/v1/${path}`;
  const request = new Request(url, { method: 'POST', headers, body: new URLSearchParams(body).toString() });
  const answer = await scheduler.aside(() => sandbox.fetch(request));
  touched();
  const said = (await answer.json()) as { id?: string; status?: string };
  return { ...(said.id === undefined ? {} : { id: said.id }), status: said.status ?? String(answer.status) };
}
