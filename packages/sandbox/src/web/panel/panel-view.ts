import type { FaultRule } from '../../control/faults.ts';
import { allTargets } from '../../delivery/targets.ts';
import { exponentOf } from '../../kernel/money.ts';
import { API_VERSION, SANDBOX_VERSION } from '../../kernel/options.ts';
import type { PageFrame, PanelEventView, PanelView } from '../../pages/index.ts';
import { RATES } from '../../pages/panel/trouble.ts';
import { API_ROUTES } from '../../resources/index.ts';
import { surface } from '../../schema/definitions.ts';
import type { Row } from '../../store/database.ts';
import { pageToken } from '../respond.ts';
import { amountText } from '../views.ts';
import type { House } from '../web.ts';

/** How many rows each journal shows. */
const SHOWN = 30;

/** Everything that the panel shows, as it is now. */
export function panelView(house: House, frame: PageFrame, shown: Pick<PanelView, 'notice' | 'only'>): PanelView {
  const { world, control } = house;
  const now = world.clock.now();
  return {
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
      .map((row) => ({ label: String(row.type).replaceAll(/[_.]/g, ' '), count: Number(row.n) })),
    requests: recentRequests(house, shown.only),
    events: recentEvents(house),
    objects: recentObjects(house),
    receivers: receivers(house),
    snapshots: control
      .snapshots()
      .map(({ name, taken_ms, bytes }) => ({ name, at: Math.floor(taken_ms / 1000), bytes })),
    templates: [...new Set(API_ROUTES.map(({ template }) => template))].sort(),
    event_types: Object.keys(surface().events).sort(),
    chaos: chances(house),
    faults: armed(house),
    outage_until: outageUntil(house, now),
    books: booksOf(house),
    unsupported: [
      ...control.unsupported(),
      ...control.ignored().map(({ path, parameter, ...rest }) => ({ ...rest, path: `${path}: ${parameter}` })),
    ],
    ...shown,
  };
}

function recentRequests({ control }: House, only: string | null): PanelView['requests'] {
  return control
    .requests({ limit: SHOWN, ...(only === null ? {} : { id: only }) })
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
    }));
}

function receivers({ world }: House): PanelView['receivers'] {
  const owed = new Map(
    world.database
      .all("select target, count(*) as n from deliveries where state in ('due', 'held') group by target")
      .map((row) => [String(row.target), Number(row.n)]),
  );
  return allTargets(world).map(({ id, url, events, account }) => ({
    id,
    url,
    events: events.includes('*') ? 'every event' : events.join(', '),
    account,
    owed: owed.get(id) ?? 0,
    rolls: id.startsWith('we_'),
  }));
}

/** In whole percent, as a person sets them; null when nothing goes wrong by chance. */
function chances({ world }: House): PanelView['chaos'] {
  const { chaos } = world;
  if (!chaos || RATES.every(([name]) => chaos[name] === 0)) return null;
  return Object.fromEntries(RATES.map(([name]) => [name, Math.round(chaos[name] * 100)]));
}

/** What waits to go wrong: with calls, then with webhooks. */
function armed({ control }: House): PanelView['faults'] {
  const faults = control.faults().map((rule) => ({ id: rule.id, what: faultWords(rule), left: rule.times ?? 1 }));
  const rules = control.webhookRules().filter(({ left }) => left !== 0);
  return [
    ...faults,
    ...rules.map(({ id, match, action, left }) => ({
      id,
      what: `webhooks: ${action.kind.replaceAll('_', ' ')} ${match?.type ?? 'any'}${about(match?.object_id)}${which(match?.nth)}`,
      left: left < 0 ? null : left,
    })),
  ];
}

const which = (nth: number | undefined): string => (nth === undefined ? '' : `, number ${nth}`);
const about = (object: string | undefined): string => (object === undefined ? '' : ` about ${object}`);

function faultWords({ fault, match }: FaultRule): string {
  if (fault.kind === 'decline') return 'the next payment is declined';
  if (fault.kind === 'low_balance') return `too little balance for the next refund: ${fault.answer}`;
  const what = fault.kind === 'error' ? `${fault.kind} ${fault.status}` : fault.kind;
  const call = `${match?.method ?? 'any call'} ${match?.path ?? ''}`.trim();
  return `${what}, ${fault.when} the work: ${call}${which(match?.nth)}`;
}

function outageUntil({ world }: House, now: number): number | null {
  const ends = (world.chaos?.outages ?? []).filter(({ from, to }) => from <= now && now < to).map(({ to }) => to);
  return ends.length === 0 ? null : Math.floor(Math.max(...ends) / 1000);
}

/** The private books, as a person reads them. Amounts of nothing are left out. */
function booksOf({ control }: House): PanelView['books'] {
  return Object.entries(control.books().currencies).map(([currency, sums]) => ({
    currency,
    sums: Object.entries(sums)
      .filter(([, amount]) => amount !== 0)
      .map(([name, amount]) => ({ label: name.replaceAll('_', ' '), amount: amountText(Number(amount), currency) })),
  }));
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
    `select * from objects where deleted = 0 and type in ${kinds} order by seq desc limit ?`,
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
