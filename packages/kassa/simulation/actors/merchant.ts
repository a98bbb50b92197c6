import { type Dice, diceOf } from '../engine/dice.ts';
import { newLife } from '../engine/lives.ts';
import type { Street } from './asking.ts';

type MerchantWorld = Pick<Street, 'seed' | 'scheduler' | 'sandbox' | 'evidence' | 'touched' | 'tell'>;

const MINUTE = 60_000;

/** The shopkeeper at Stripe's own dashboard: now and then gives money back there, and Kassa has to hear of it. */
export function sendMerchant(world: MerchantWorld): void {
  const { scheduler } = world;
  const dice = diceOf(`${world.seed}/merchant`);
  const visits = dice.pick([0, 0, 1, 3]);
  scheduler.spawn(newLife('merchant'), 'works', async () => {
    for (let visit = 1; visit <= visits; visit += 1) {
      await scheduler.sleep(dice.between(2, 25) * MINUTE);
      await refundSomething(world, dice, visit);
    }
  });
}

async function refundSomething(world: MerchantWorld, dice: Dice, visit: number): Promise<void> {
  const { sandbox, scheduler } = world;
  await scheduler.point('at Stripe’s dashboard');
  const open = sandbox.books().charges.filter((charge) => charge.captured > 0 && charge.refunds.length === 0);
  if (open.length === 0) return;
  const charge = dice.pick(open);
  const amount = dice.chance(0.5) ? charge.captured : Math.max(1, Math.floor(charge.captured / 3));
  // Yen of some shops come in whole hundreds only; a third of them is what Stripe takes as well.
  const body = new URLSearchParams({ charge: charge.charge, amount: String(amount) });
  const headers = {
    authorization: `Bearer ${sandbox.keys.secret}`,
    'idempotency-key': `dashboard-${visit}`,
    'content-type': 'application/x-www-form-urlencoded',
  };
  const request = new Request('http://127.0.0.1:4243/v1/refunds', { method: 'POST', headers, body: body.toString() });
  const answer = await scheduler.aside(() => sandbox.fetch(request));
  if (answer.status === 200) world.evidence.dashboard_refunds += 1;
  world.touched();
  world.tell('merchant', `refunds ${amount} of ${charge.captured}: ${answer.status}`);
}
