import { type Input, needInteger, text } from '../../http/input.ts';
import { listObjects } from '../../http/lists.ts';
import { type Route, route } from '../../http/router.ts';
import { badParam, wrongState } from '../../kernel/failure.ts';
import type { TestClock } from '../../kernel/kinds.ts';
import type { Tx } from '../../store/tx.ts';
import { expireByTime } from '../checkout/expire.ts';
import { removeCustomer } from '../customers/customers.ts';
import { lapse } from '../payments/capture.ts';

const LIFE_S = 30 * 86_400;
const MOST_S = 2 * 365 * 86_400;

function create(tx: Tx, input: Input): TestClock {
  const clock = tx.insert('test_helpers.test_clock', {
    id: tx.ids.next('clock_'),
    object: 'test_helpers.test_clock',
    created: tx.now,
    deletes_after: tx.now + LIFE_S,
    frozen_time: needInteger(input, 'frozen_time', { min: 1 }),
    livemode: false,
    name: text(input, 'name') ?? null,
    status: 'ready',
    status_details: {},
  });
  tx.emit('test_helpers.test_clock.created', clock);
  return clock;
}

/** The clock is on its way until the next tick. */
function advance(tx: Tx, input: Input, id: string): TestClock {
  const clock = tx.get('test_helpers.test_clock', id, 'test_clock');
  const target = needInteger(input, 'frozen_time');
  if (clock.status !== 'ready') throw wrongState('', `The test clock ${id} is ${clock.status}.`);
  if (target <= clock.frozen_time) throw badParam('frozen_time', 'A test clock moves forward only.');
  if (target > clock.frozen_time + MOST_S) throw badParam('frozen_time', 'A test clock advances two years at most.');
  tx.patch(clock, { status: 'advancing', status_details: { advancing: { target_frozen_time: target } } });
  tx.emit('test_helpers.test_clock.advancing', clock);
  tx.timer('test_clock_arrives', id, tx.now_ms, { target });
  return clock;
}

/** The clock has arrived. */
export function arrive(tx: Tx, id: string, target: number): void {
  const clock = tx.find('test_helpers.test_clock', id);
  if (clock?.status !== 'advancing') return;
  tx.patch(clock, { status: 'ready', status_details: {}, frozen_time: target });
  for (const customer of tx.every('customer', { test_clock: id })) endWhatIsOver(tx, customer.id, target);
  tx.emit('test_helpers.test_clock.ready', clock);
}

/** What ends by time, and belongs to a customer of the clock: open sessions and money that is only set aside. */
function endWhatIsOver(tx: Tx, customer: string, now: number): void {
  for (const session of tx.every('checkout.session', { customer, status: 'open' })) {
    if (session.expires_at <= now) expireByTime(tx, session.id);
  }
  for (const intent of tx.every('payment_intent', { customer })) {
    const { lapses_at } = tx.hidden(intent.id);
    if (typeof lapses_at === 'number' && lapses_at <= now) lapse(tx, intent.id);
  }
}

function remove(tx: Tx, id: string): unknown {
  const clock = tx.get('test_helpers.test_clock', id, 'test_clock');
  for (const customer of tx.every('customer', { test_clock: id })) removeCustomer(tx, customer.id);
  tx.remove(clock);
  tx.emit('test_helpers.test_clock.deleted', clock);
  return { id, object: 'test_helpers.test_clock', deleted: true };
}

const PATH = '/v1/test_helpers/test_clocks';

export const CLOCK_ROUTES: Route[] = [
  route('POST', PATH, (tx, input) => create(tx, input)),
  route('GET', `${PATH}/:clock`, (tx, _, { ids }) => tx.get('test_helpers.test_clock', ids.clock ?? '', 'test_clock')),
  route('POST', `${PATH}/:clock/advance`, (tx, input, { ids }) => advance(tx, input, ids.clock ?? '')),
  route('DELETE', `${PATH}/:clock`, (tx, _, { ids }) => remove(tx, ids.clock ?? '')),
  route('GET', PATH, (tx, input) => listObjects(tx, 'test_helpers.test_clock', input, { url: PATH })),
];
