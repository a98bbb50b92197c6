import type { Ask } from '../../src/flows/checkout/refresh-checkout.ts';
import { type Dice, diceOf } from '../engine/dice.ts';
import { newLife } from '../engine/lives.ts';
import { isAway } from '../world/node.ts';
import { type Opened, openCheckout, type Street, someNode } from './asking.ts';
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
    pay(street, plan, opened),
    plan.watches ? look(street, dice, opened, 'now') : undefined,
  ]);
  if (plan.leaves_after === 2 || (paid && plan.outcome === 'closes after paying')) return;
  for (let looks = 0; looks < plan.looks; looks += 1) {
    await look(street, dice, opened);
    await scheduler.sleep(dice.pick([0, 1_500, 4_000]));
  }
}

async function pay(street: Street, plan: Plan, { session_id, url }: Opened): Promise<boolean> {
  const { sandbox, scheduler, tell } = street;
  if (url === null) return false;
  const email = `${plan.name}@example.com`;
  await scheduler.point('at the payment page');
  try {
    for (let declined = 0; declined < plan.declines; declined += 1) {
      await sandbox.control.pay(session_id, { outcome: 'declined', email });
      await scheduler.sleep(3_000);
    }
    const card = plan.card !== undefined && plan.outcome === 'pays' ? { payment_method: plan.card } : {};
    const { result, session } = await sandbox.control.pay(session_id, { outcome: plan.outcome, email, ...card });
    const intent = session.payment_intent;
    if (result === 'requires_action' && intent !== null) {
      await scheduler.sleep(20_000);
      await sandbox.control.authenticate(intent, 'complete');
    }
    tell(plan.name, `${plan.outcome}: ${result}`);
    return true;
  } catch (error) {
    // The page says that this session has ended; there is nothing to pay any more.
    if ((error as Error).name !== 'ApiFailure' && (error as { status?: number }).status === undefined) throw error;
    tell(plan.name, 'finds the page closed');
    return false;
  } finally {
    street.touched();
  }
}

async function look(street: Street, dice: Dice, { session_id }: Opened, asked?: Ask): Promise<void> {
  await street.scheduler.point('looks at the status');
  try {
    const ask = asked ?? dice.pick<Ask>(['when_stale', 'when_stale', 'now', 'never']);
    const view = await someNode(street, dice).call(({ http }) => http.refreshCheckout({ session_id }, ask));
    if (!view) return street.tell('shop', `does not know ${session_id}`);
    const seen = street.evidence.seen.get(session_id) ?? [];
    seen.push(`${view.status}/${view.payment_status}`);
    street.evidence.seen.set(session_id, seen);
  } catch (error) {
    const { code } = error as { code?: string };
    if (!isAway(error) && code !== 'payment_provider_unavailable') throw error;
  }
}
