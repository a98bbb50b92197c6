import type { PayOutcome } from '@kassa/sandbox';
import type { Dice } from '../engine/dice.ts';
import { isAway } from '../world/node.ts';
import { type Opened, type Street, someNode } from './asking.ts';
import type { Plan } from './plan.ts';

interface Paying {
  readonly plan: Plan;
  readonly opened: Opened;
}

/** Answers that tell a buyer how it stands, and are nobody's mistake. */
const TOLD = ['card_declined', 'session_not_open', 'payment_already_succeeded', 'not_found', 'not_payable'];
const RETURN_URL = 'https://shop.example/back';
const DECLINED = 'pm_card_visa_chargeDeclined';
/** The test numbers of a bank debit by what the bank says days later (docs.stripe.com/testing). */
const IBANS: Partial<Record<PayOutcome, string>> = {
  'pays later': 'AT611904300234573201',
  'pays later, then fails': 'IT60X0542811101000000123456',
};

/** The buyer pays, or tries. Answers whether something was given to Stripe. */
export async function pay(street: Street, dice: Dice, paying: Paying): Promise<boolean> {
  const { opened } = paying;
  if (opened.session_id !== null) return payAtStripe(street, paying, opened.session_id);
  if (opened.payment_id === null || opened.client_secret === null) return false;
  return payAtShop(street, dice, paying);
}

async function payAtStripe(street: Street, { plan }: Paying, session_id: string): Promise<boolean> {
  const { sandbox, scheduler, tell } = street;
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

/** A page of the shop: the browser confirms with Stripe, or the shop does with a method that was kept. */
async function payAtShop(street: Street, dice: Dice, paying: Paying): Promise<boolean> {
  const { plan, opened } = paying;
  const { scheduler } = street;
  await scheduler.point('at the page of the shop');
  if (plan.outcome === 'abandons') return false;
  if (plan.uses_saved && (await payWithKept(street, dice, paying))) return true;
  for (let declined = 0; declined < plan.declines; declined += 1) {
    await confirmInBrowser(street, paying, { payment_method: DECLINED, return_url: RETURN_URL });
    await scheduler.sleep(3_000);
  }
  const status = await confirmInBrowser(street, paying, methodOf(plan));
  if (status === 'requires_action') {
    await scheduler.sleep(20_000);
    await answerBank(street, paying);
  }
  street.tell(plan.name, `${plan.outcome}: ${status}`);
  if (plan.confirms && plan.outcome !== 'closes after paying') {
    street.count('page_confirms', plan.name);
    const cause = { cause: `request:${plan.name}`, actor: 'buyer' };
    await atShop(street, dice, plan, ({ http }) => http.confirmPayment({ order_id: opened.order_id }, cause));
  }
  return status !== 'closed';
}

function methodOf({ outcome, card }: Plan): Record<string, string> {
  const iban = IBANS[outcome];
  if (iban !== undefined) {
    const details = { 'payment_method_data[billing_details][email]': 'ann@example.com' };
    const debit = { 'payment_method_data[type]': 'sepa_debit', 'payment_method_data[sepa_debit][iban]': iban };
    return { ...debit, ...details, 'payment_method_data[billing_details][name]': 'Ann', return_url: RETURN_URL };
  }
  const proof = outcome === 'needs 3-D Secure' ? 'pm_card_authenticationRequired' : undefined;
  const own = outcome === 'pays' ? card : undefined;
  return { payment_method: proof ?? own ?? 'pm_card_visa', return_url: RETURN_URL };
}

/** What Stripe.js does. Answers Stripe's word for the payment, or `closed`. */
async function confirmInBrowser(street: Street, { opened }: Paying, fields: Record<string, string>): Promise<string> {
  const { sandbox, scheduler } = street;
  const headers = {
    authorization: `Bearer ${sandbox.keys.publishable}`,
    'idempotency-key': `browser-${opened.payment_id}-${scheduler.now()}`,
    'content-type': 'application/x-www-form-urlencoded',
  };
  const body = new URLSearchParams({ client_secret: opened.client_secret ?? '', ...fields }).toString();
  const url = `http://127.0.0.1:4243/v1/payment_intents/${opened.payment_id}/confirm`;
  const answer = await scheduler.aside(() => sandbox.fetch(new Request(url, { method: 'POST', headers, body })));
  street.touched();
  const said = (await answer.json()) as { status?: string };
  return answer.status === 200 ? (said.status ?? '') : answer.status === 402 ? 'declined' : 'closed';
}

async function answerBank(street: Street, { plan, opened }: Paying): Promise<void> {
  try {
    await street.sandbox.control.authenticate(opened.payment_id ?? '', 'complete');
  } catch (error) {
    // The payment was canceled while its buyer looked for the telephone.
    if ((error as Error).name !== 'ApiFailure') throw error;
    street.tell(plan.name, 'answers the bank too late');
  } finally {
    street.touched();
  }
}

/** Whether there was a method, so that the shop charged it. */
async function payWithKept(street: Street, dice: Dice, { plan, opened }: Paying): Promise<boolean> {
  const user_id = plan.user_id ?? plan.name;
  const said = await atShop(street, dice, plan, async ({ http }) => {
    const [kept] = await http.listPaymentMethods({ user_id, limit: 3 });
    if (!kept) return 'none';
    const wanted = { order_id: opened.order_id, payment_method_id: kept.id, return_url: RETURN_URL };
    const view = await http.confirmPayment(wanted, { cause: `request:${plan.name}`, actor: 'buyer' });
    return view.payment_status;
  });
  return said !== 'none' && said !== 'nothing';
}

/** Changes one's mind: asks the shop to end the payment, before it is made or, now and then, a moment after. */
export async function changeMind(street: Street, dice: Dice, { plan, opened }: Paying): Promise<false> {
  const { payment_id } = opened;
  if (payment_id === null) return false;
  await street.scheduler.point('changes its mind');
  if (dice.chance(0.4)) await pay(street, dice, { plan, opened });
  street.count('payment_called_off', plan.name);
  await atShop(street, dice, plan, ({ http }) =>
    http.cancelPayment({ payment_id }, { cause: `request:${plan.name}`, actor: 'buyer' }),
  );
  return false;
}

type AtNode = Parameters<ReturnType<typeof someNode>['call']>[0];

/** Asks some node once; a shop that is away, or says no, is told and not asked again. */
async function atShop<Answer>(
  street: Street,
  dice: Dice,
  plan: Plan,
  work: (built: Parameters<AtNode>[0]) => Promise<Answer>,
): Promise<Answer | 'nothing'> {
  try {
    return await someNode(street, dice).call(work);
  } catch (error) {
    const code = (error as { code?: string }).code ?? '';
    if (!TOLD.includes(code) && code !== 'payment_provider_unavailable' && !isAway(error)) throw error;
    street.tell(plan.name, `hears ${code === '' ? 'nothing' : code}`);
    return 'nothing';
  } finally {
    street.touched();
  }
}
