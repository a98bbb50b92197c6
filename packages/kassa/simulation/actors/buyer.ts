import type { Ask, CheckoutRef } from '../../src/flows/checkout/refresh-checkout.ts';
import { type Dice, diceOf } from '../engine/dice.ts';
import { newLife } from '../engine/lives.ts';
import { isAway } from '../world/node.ts';
import { type Opened, openCheckout, type Street, someNode } from './asking.ts';
import { changeMind, pay } from './paying.ts';
import { type Does, type Guest, type Plan, planOf } from './plan.ts';

const MINUTE = 60_000;
const SESSION_MS = 31 * MINUTE;

/** Sends one buyer into the shop. Ends when the buyer is done, or gone. */
export function sendBuyer(street: Street, does: Does, guest: Guest): void {
  const { scheduler, seed } = street;
  const { name } = guest;
  const plan = planOf(diceOf(`${seed}/${name}`), does, guest);
  scheduler.spawn(newLife(name), 'buys', async () => {
    await scheduler.sleep(plan.arrives_ms);
    street.evidence.purchases += 1;
    const tabs = plan.second_tab ? plan.tabs : plan.tabs.slice(0, 1);
    await Promise.all(tabs.map((_, at) => visit(street, plan, at)));
  });
}

async function visit(street: Street, plan: Plan, tab: number): Promise<void> {
  const { scheduler } = street;
  const dice = diceOf(`${street.seed}/${plan.name}/tab ${tab + 1}`);
  const wants = plan.tabs[tab];
  const opened = wants && (await openCheckout(street, { plan, wants, key: `${plan.name}/${tab + 1}`, dice }));
  if (!opened || plan.leaves_after === 0) return;
  await scheduler.sleep(plan.pays_late ? SESSION_MS - dice.below(2 * MINUTE) : plan.thinks_ms);
  if (plan.leaves_after === 1) return;
  // Some pages ask for the status all the while, also in the moment in which the money moves.
  const [paid] = await Promise.all([
    plan.cancels ? changeMind(street, dice, { plan, opened }) : pay(street, dice, { plan, opened }),
    plan.watches ? look(street, dice, opened, 'now') : undefined,
  ]);
  if (plan.leaves_after === 2 || (paid && plan.outcome === 'closes after paying')) return;
  for (let looks = 0; looks < plan.looks; looks += 1) {
    await look(street, dice, opened);
    await scheduler.sleep(dice.pick([0, 1_500, 4_000]));
  }
}

async function look(street: Street, dice: Dice, opened: Opened, asked?: Ask): Promise<void> {
  const { order_id, session_id, payment_id } = opened;
  const id = session_id ?? payment_id ?? order_id;
  await street.scheduler.point('looks at the status');
  try {
    const ask = asked ?? dice.pick<Ask>(['when_stale', 'when_stale', 'now', 'never']);
    const view = await someNode(street, dice).call(({ http }) =>
      // As pages do that poll, where there is a session to poll by.
      session_id !== null && ask === 'when_stale'
        ? http.readStanding(session_id, ask)
        : http.refreshCheckout(refOf(opened), ask),
    );
    if (!view) return street.tell('shop', `does not know ${id}`);
    const seen = street.evidence.seen.get(id) ?? [];
    seen.push(`${view.status}/${view.payment_status}`);
    street.evidence.seen.set(id, seen);
  } catch (error) {
    const { code } = error as { code?: string };
    if (!isAway(error) && code !== 'payment_provider_unavailable') throw error;
  }
}

/** By whatever the page knows it. */
function refOf({ order_id, session_id, payment_id }: Opened): CheckoutRef {
  if (session_id !== null) return { session_id };
  return payment_id === null ? { order_id } : { payment_id };
}
