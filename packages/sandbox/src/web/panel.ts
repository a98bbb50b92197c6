import type { FaultRule } from '../control/faults.ts';
import { exponentOf } from '../kernel/money.ts';
import { API_VERSION, SANDBOX_VERSION } from '../kernel/options.ts';
import { renderPanel } from '../pages/index.ts';
import type { PanelEventView, PanelView } from '../pages/views.ts';
import type { Row } from '../store/database.ts';
import { press } from './panel-actions.ts';
import { formIsOurs, frameFor, page, pageToken, plain } from './respond.ts';
import { amountText } from './views.ts';
import type { House } from './web.ts';

const SHOWN = 30;

type Notice = PanelView['notice'];

/** What the sandbox did lately, and the buttons that make it misbehave. */
export function showPanel(house: House, notice: Notice = null): Response {
  const { world, control } = house;
  const frame = frameFor(false);
  const now = world.clock.now();
  const view: PanelView = {
    frame,
    token: pageToken(world, 'panel'),
    version: SANDBOX_VERSION,
    api_version: API_VERSION,
    clock: {
      now: Math.floor(now / 1000),
      mode: world.options.clock && 'set' in world.options.clock ? 'virtual' : 'real',
      offset_ms: world.clock.offset(),
    },
    counts: world.database
      .all('select type, count(*) as n from objects where deleted = 0 group by type order by type')
      .map((row) => ({ label: String(row.type).replaceAll('_', ' '), count: Number(row.n) })),
    requests: control
      .requests()
      .slice(-SHOWN)
      .reverse()
      .map((entry) => ({
        id: entry.id,
        at: Math.floor(entry.at_ms / 1000),
        method: entry.method,
        path: entry.path,
        status: entry.status,
        idempotency_key: entry.key,
        replayed: entry.replayed,
        fault: entry.fault,
      })),
    events: recentEvents(house),
    objects: recentObjects(house),
    faults: armed(house),
    outage_until: outageUntil(house, now),
    books: booksOf(house),
    unsupported: control.unsupported(),
    notice,
  };
  return page(renderPanel(view), frame);
}

/** What waits to go wrong: with calls, then with webhooks. */
function armed({ control }: House): PanelView['faults'] {
  const faults = control.faults().map((rule) => ({ id: rule.id, what: faultWords(rule), left: rule.times ?? 1 }));
  const rules = control.webhookRules().filter(({ left }) => left !== 0);
  return [
    ...faults,
    ...rules.map(({ id, match, action, left }) => ({
      id,
      what: `webhooks: ${action.kind.replaceAll('_', ' ')} ${match?.type ?? 'any'}`,
      left: left < 0 ? null : left,
    })),
  ];
}

function outageUntil({ world }: House, now: number): number | null {
  const ends = (world.chaos?.outages ?? []).filter(({ from, to }) => from <= now && now < to).map(({ to }) => to);
  return ends.length === 0 ? null : Math.floor(Math.max(...ends) / 1000);
}

/** The private books, as a person reads them. Amounts of nothing are left out. */
function booksOf({ control }: House): PanelView['books'] {
  return Object.entries(control.books().currencies).flatMap(([currency, sums]) =>
    Object.entries(sums)
      .filter(([, amount]) => amount !== 0)
      .map(([name, amount]) => ({ label: name.replaceAll('_', ' '), amount: amountText(Number(amount), currency) })),
  );
}

function faultWords({ fault, match }: FaultRule): string {
  if (fault.kind === 'decline') return 'the next payment is declined';
  if (fault.kind === 'low_balance') return `too little balance for the next refund: ${fault.answer}`;
  return `${fault.kind} ${fault.when} ${match?.method ?? 'any call'} ${match?.path ?? ''}`.trim();
}

function recentEvents(house: House): PanelEventView[] {
  const rows = house.world.database.all('select * from events order by seq desc limit ?', SHOWN);
  return rows.map((row) => {
    const deliveries = house.control.deliveries({ event: row.id as string });
    return {
      id: row.id as string,
      type: row.type as string,
      at: row.created as number,
      object_id: String(row.object_id ?? ''),
      pending: deliveries.filter((delivery) => delivery.state === 'due' || delivery.state === 'held').length,
      deliveries: deliveries.flatMap((delivery) =>
        delivery.attempts.map((attempt, index) => ({
          target: delivery.target,
          attempt: index + 1,
          at: Math.floor(attempt.at_ms / 1000),
          status: attempt.status,
          duration_ms: attempt.took_ms,
          reply: attempt.reply,
        })),
      ),
    };
  });
}

function recentObjects(house: House): PanelView['objects'] {
  const kinds = "('checkout.session', 'payment_intent', 'charge', 'refund', 'dispute', 'customer')";
  const rows = house.world.database.all(
    `select * from objects where deleted = 0 and type in ${kinds} order by created desc, seq desc limit ?`,
    SHOWN,
  );
  return rows.map((row) => ({
    id: row.id as string,
    type: row.type as string,
    at: row.created as number,
    summary: summaryOf(JSON.parse(row.json as string) as Record<string, unknown>, row),
  }));
}

function summaryOf(object: Record<string, unknown>, row: Row): string {
  const currency = typeof object.currency === 'string' ? object.currency : null;
  const amount = object.amount_total ?? object.amount;
  const money = typeof amount === 'number' && currency && exponentOf(currency) >= 0 ? amountText(amount, currency) : '';
  const words = row.type === 'customer' ? [object.email, object.name] : [money, object.status, object.payment_status];
  return words.filter((word) => typeof word === 'string' && word !== '').join(' · ');
}

/** One press of a button of the panel. */
export async function postPanel(house: House, request: Request): Promise<Response> {
  const form = new URLSearchParams(await request.text());
  if (!formIsOurs(house.world, request, form, 'panel')) return plain('This form did not come from the panel.', 403);
  return showPanel(house, await press(house, form));
}
