import type { WebhookAction } from '../delivery/rules.ts';
import type { PanelView } from '../pages/views.ts';
import type { House } from './web.ts';

type Notice = NonNullable<PanelView['notice']>;
type Action = (house: House, form: URLSearchParams) => string | Promise<string>;

/** The name under which the panel keeps and restores the one state that it offers. */
const KEPT = 'panel';
const DELAY_MS = 5000;

function nextWebhook({ control }: House, action: WebhookAction, times = 1): void {
  control.addWebhookRule({ times, action });
}

/** @throws Error with a sentence when the field is no whole number of milliseconds, 0 or more */
function milliseconds(form: URLSearchParams): number {
  const ms = Number(form.get('ms'));
  if (!Number.isSafeInteger(ms) || ms < 0) throw new Error('Time is given in whole milliseconds, 0 or more.');
  return ms;
}

/** Every button: what it does, and the sentence that says so. */
const ACTIONS: Record<string, Action> = {
  advance: async ({ control }, form) => {
    await control.advance(milliseconds(form));
    return 'The clock was moved forward. What fell due has happened.';
  },
  resend: async ({ control }, form) => {
    await control.resend(form.get('event') ?? '');
    return 'The event is sent again.';
  },
  fail_next_payment: ({ control }) => {
    control.addFault({ fault: { kind: 'decline' } });
    return 'The next payment is declined, whatever card it uses.';
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
  outage: ({ control, world }, form) => {
    const from = world.clock.now();
    control.setChaos({ outages: [{ from, to: from + milliseconds(form), what: 'all' }] });
    return 'Every call is refused with 503 for a while.';
  },
  end_outage: ({ control }) => {
    control.setChaos(undefined);
    return 'Calls are answered again.';
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
  disarm: ({ control }, form) => {
    const id = form.get('fault') ?? undefined;
    if (id?.startsWith('rule_')) control.removeWebhookRule(id);
    else control.removeFault(id);
    return 'It is disarmed.';
  },
  keep: ({ control }) => {
    control.snapshot(KEPT);
    return 'Everything is kept as it is now.';
  },
  restore: ({ control }) => {
    control.restore(KEPT);
    return 'Everything is as it was when it was kept.';
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
