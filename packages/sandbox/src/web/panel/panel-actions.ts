import type { CallFault, FaultRule } from '../../control/faults.ts';
import type { WebhookAction, WebhookRule } from '../../delivery/rules.ts';
import type { PanelView } from '../../pages/index.ts';
import { RATES } from '../../pages/panel/trouble.ts';
import type { Chaos } from '../../store/world.ts';
import type { House } from '../web.ts';

type Notice = NonNullable<PanelView['notice']>;
type Action = (house: House, form: URLSearchParams) => string | Promise<string>;

const DELAY_MS = 5000;

function nextWebhook({ control }: House, action: WebhookAction, times = 1): void {
  control.addWebhookRule({ times, action });
}

const typed = (form: URLSearchParams, name: string): string => (form.get(name) ?? '').trim();

/** @throws Error with a sentence when the field holds anything but digits */
function digits(form: URLSearchParams, name: string, what: string): number {
  const text = typed(form, name);
  if (!/^\d{1,15}$/.test(text)) throw new Error(`${what} is given in whole numbers, 0 or more.`);
  return Number(text);
}

function maybeDigits(form: URLSearchParams, name: string, what: string): number | undefined {
  return typed(form, name) === '' ? undefined : digits(form, name, what);
}

/** Only what was typed: an empty field says nothing. */
function given<T extends Record<string, unknown>>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined | ''> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== '')) as never;
}

/** What is wrong with it the control says itself, in a sentence. */
function armCall({ control }: House, form: URLSearchParams): string {
  const [kind = '', status] = typed(form, 'call_fault').split(' ');
  const ms = kind === 'delay' ? { ms: digits(form, 'call_ms', 'Waiting') } : {};
  const fault = { kind, when: typed(form, 'call_when'), ...(status ? { status: Number(status) } : {}), ...ms };
  const match = given({
    method: typed(form, 'call_method'),
    path: typed(form, 'call_path'),
    nth: maybeDigits(form, 'call_nth', 'Which call'),
  });
  const times = maybeDigits(form, 'call_times', 'How often');
  control.addFault({ match, fault: fault as CallFault, ...given({ times }) } as FaultRule);
  return 'It is armed.';
}

/** What the one number of the form means for each action. */
const AMOUNTS: Record<string, (amount: number) => Record<string, unknown>> = {
  duplicate: (times) => ({ times, parallel: true }),
  delay: (ms) => ({ ms }),
  stale_timestamp: (s) => ({ s }),
};

function armWebhook({ control }: House, form: URLSearchParams): string {
  const kind = typed(form, 'hook_action');
  const amount = Object.hasOwn(AMOUNTS, kind) ? AMOUNTS[kind]?.(digits(form, 'hook_amount', 'The number')) : {};
  const match = given({
    type: typed(form, 'hook_type'),
    object_id: typed(form, 'hook_object'),
    nth: maybeDigits(form, 'hook_nth', 'Which webhook'),
  });
  const times = maybeDigits(form, 'hook_times', 'How often');
  control.addWebhookRule({ match, action: { kind, ...amount } as WebhookAction, ...given({ times }) } as WebhookRule);
  return 'It is armed.';
}

/** Chances and outages are set apart from each other. */
function setChances({ control, world }: House, form: URLSearchParams): string {
  const rates: Partial<Chaos> = { outages: world.chaos?.outages ?? [] };
  for (const [name, label] of RATES) rates[name] = digits(form, name, label) * 0.01;
  control.setChaos(rates);
  return 'The chances are set. The same seed gives the same luck.';
}

/** Every button: what it does, and the sentence that says so. */
const ACTIONS: Record<string, Action> = {
  advance: async ({ control }, form) => {
    await control.advance(digits(form, 'ms', 'Time'));
    return 'The clock was moved forward. What fell due has happened.';
  },
  resend: async ({ control }, form) => {
    await control.resend(typed(form, 'event'));
    return 'The event is sent again.';
  },
  fail_next_payment: ({ control }) => {
    control.addFault({ fault: { kind: 'decline' } });
    return 'The next payment is declined, whatever card it uses.';
  },
  low_balance: ({ control }) => {
    control.addFault({ fault: { kind: 'low_balance', answer: 'refused' } });
    return 'The next refund finds too little balance.';
  },
  fail_call_before: ({ control }) => {
    control.addFault({ match: { method: 'POST' }, fault: { kind: 'error', status: 500, when: 'before' } });
    return 'The next POST is answered with 500, and nothing is done.';
  },
  fail_call_after: ({ control }) => {
    control.addFault({ match: { method: 'POST' }, fault: { kind: 'error', status: 500, when: 'after' } });
    return 'The next POST is done, and its caller is told 500.';
  },
  break_call: ({ control }) => {
    control.addFault({ match: { method: 'POST' }, fault: { kind: 'reset', when: 'after' } });
    return 'The next POST is done, and the connection breaks before its answer.';
  },
  delay_call: ({ control }) => {
    control.addFault({ fault: { kind: 'delay', ms: DELAY_MS, when: 'before' } });
    return 'The next call waits for five seconds.';
  },
  arm_call: armCall,
  outage: ({ control, world }, form) => {
    const from = world.clock.now();
    const to = from + digits(form, 'ms', 'Time');
    control.setChaos({ ...world.chaos, outages: [{ from, to, what: 'all' }] });
    return 'Every call is refused with 503 for a while.';
  },
  end_outage: ({ control, world }) => {
    control.setChaos({ ...world.chaos, outages: [] });
    return 'Calls are answered again.';
  },
  chaos: setChances,
  calm: ({ control, world }) => {
    control.setChaos({ outages: world.chaos?.outages ?? [] });
    return 'Nothing goes wrong by chance any more.';
  },
  duplicate_next_webhook: (house) => {
    nextWebhook(house, { kind: 'duplicate', times: 5, parallel: true });
    return 'The next webhook is sent five times at once.';
  },
  drop_next_webhook: (house) => {
    nextWebhook(house, { kind: 'drop' });
    return 'The next webhook is lost.';
  },
  shuffle_webhooks: (house) => {
    nextWebhook(house, { kind: 'reorder', window: 5 }, 5);
    return 'The next five webhooks arrive in another order.';
  },
  hold_webhooks: ({ control }) => {
    control.addWebhookRule({ action: { kind: 'hold' } });
    return 'Webhooks wait until they are let go.';
  },
  release_webhooks: ({ control }) => {
    for (const { id, action } of control.webhookRules()) if (action.kind === 'hold') control.removeWebhookRule(id);
    return `${control.release()} webhooks are on their way.`;
  },
  arm_webhook: armWebhook,
  disarm: ({ control }, form) => {
    const id = typed(form, 'fault');
    if (id.startsWith('rule_')) control.removeWebhookRule(id);
    else control.removeFault(id);
    return 'It is disarmed.';
  },
  roll_secret: async ({ control }, form) => {
    const secret = await control.rollSecret(typed(form, 'endpoint'));
    return `For a day both secrets sign. The new one, shown only here: ${secret}`;
  },
  keep: ({ control }, form) => {
    control.snapshot(typed(form, 'name'));
    return `Everything is kept as it is now, under the name ${typed(form, 'name')}.`;
  },
  restore: ({ control }, form) => {
    control.restore(typed(form, 'name'));
    return `Everything is as it was when ${typed(form, 'name')} was kept.`;
  },
  forget: ({ control }, form) => {
    control.removeSnapshot(typed(form, 'name'));
    return `${typed(form, 'name')} is forgotten.`;
  },
  reset: ({ control }) => {
    control.reset();
    return 'Everything is gone. Ids begin again.';
  },
};

/** One press of a button of the panel. What was refused is said in the panel, not thrown. */
export async function press(house: House, form: URLSearchParams): Promise<Notice> {
  const name = form.get('action') ?? '';
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (!action) return { kind: 'refused', text: 'The panel has no such button.' };
  try {
    return { kind: 'done', text: await action(house, form) };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    house.world.log({ what: 'panel refused', action: name, error: text });
    return { kind: 'refused', text };
  }
}
