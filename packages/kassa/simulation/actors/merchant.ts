import { type Dice, diceOf } from '../engine/dice.ts';
import { newLife } from '../engine/lives.ts';
import { isAway } from '../world/node.ts';
import { chargesOfOrders, type Street, someNode } from './asking.ts';

const MINUTE = 60_000;

/** The shopkeeper at Stripe's own dashboard: now and then gives money back there, and Kassa has to hear of it. */
export function sendMerchant(world: Street, { reprices }: { readonly reprices: boolean }): void {
  const { scheduler } = world;
  const dice = diceOf(`${world.seed}/merchant`);
  const visits = dice.pick([0, 0, 1, 3]);
  if (reprices) {
    const own = diceOf(`${world.seed}/prices`);
    scheduler.spawn(newLife('merchant'), 'raises prices', () => raisePrices(world, own));
  }
  scheduler.spawn(newLife('merchant'), 'works', async () => {
    for (let visit = 1; visit <= visits; visit += 1) {
      await scheduler.sleep(dice.between(2, 25) * MINUTE);
      await refundSomething(world, dice, visit);
    }
  });
}

/** Prices go up in the middle of the day: who holds a quote pays what it says. */
async function raisePrices(world: Street, dice: Dice): Promise<void> {
  await world.scheduler.sleep(dice.between(1, 9) * MINUTE);
  try {
    await someNode(world, dice).call(world.reprice);
    world.count('prices_raised', 'merchant');
  } catch (error) {
    if (!isAway(error)) throw error;
    world.tell('merchant', 'fails to raise prices');
  }
}

async function refundSomething(world: Street, dice: Dice, visit: number): Promise<void> {
  const { sandbox, scheduler } = world;
  await scheduler.point('at Stripe’s dashboard');
  const open = chargesOfOrders(world).filter((charge) => charge.captured > 0 && charge.refunds.length === 0);
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
  if (answer.status === 200) {
    world.evidence.dashboard_refunds += 1;
    world.count('refund_at_dashboard', 'merchant');
  }
  world.touched();
  world.tell('merchant', `refunds ${amount} of ${charge.captured}: ${answer.status}`);
}
