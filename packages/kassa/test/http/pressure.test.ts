// Goal: when more is asked than can be done, the least important is refused first and at once, and nothing is left behind.
// Method: the counter of what is under way, filled by hand; and a house behind it that never ends what it begins.
import { describe, expect, test } from 'vitest';
import { DatabaseUnavailable } from '../../src/database/index.ts';
import type { HttpHouse } from '../../src/http/house.ts';
import { createPressure, SHED_AT, SHED_ORDER, SHED_WAITING } from '../../src/http/pressure.ts';
import { KassaError } from '../../src/kernel/errors.ts';
import { underPressure } from '../../src/wiring/under-pressure.ts';
import { BUY, CREATE, desk } from './port.ts';

const never = new Promise<void>(() => undefined);

async function refused(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'served',
    (error: unknown) => (error instanceof KassaError ? [error.code, error.details.retry_after_s] : error),
  );
}

describe('a shop that is asked more than it can do', () => {
  test('gives up reports before the catalogue, that before prices, those before checkouts, and a status last', () => {
    const at = SHED_ORDER.map((kind) => SHED_AT[kind]);
    expect(at).toEqual(at.toSorted((left, right) => left - right));
    expect(new Set(at).size).toBe(at.length);
  });

  test('refuses the next one at once with the seconds after which to come again, and serves what matters more', async () => {
    const pressure = createPressure({ report: 1, catalogue: 2, price: 3, checkout: 4, status: 5 });
    void pressure.during('status', () => never);
    expect(await refused(pressure.during('report', async () => undefined))).toEqual(['overloaded', 2]);
    expect(await refused(pressure.during('checkout', async () => undefined))).toBe('served');
    for (let one = 0; one < 3; one += 1) void pressure.during('status', () => never);
    expect(await refused(pressure.during('checkout', async () => undefined))).toEqual(['overloaded', 2]);
    expect(await refused(pressure.during('status', async () => undefined))).toBe('served');
    expect(pressure.counts.shed).toMatchObject({ report: 1, checkout: 1, status: 0 });
  });

  test('serves again as soon as somebody is done, also when that one failed', async () => {
    const pressure = createPressure({ report: 1, catalogue: 1, price: 1, checkout: 1, status: 1 });
    const broken = pressure.during('checkout', () => Promise.reject(new Error('broken')));
    await expect(broken).rejects.toThrow('broken');
    expect(await refused(pressure.during('checkout', async () => undefined))).toBe('served');
    expect(pressure.counts.under_way.checkout).toBe(0);
  });

  test('refuses new checkouts while those that were begun are not done, and what Stripe tells is taken in all the same', async () => {
    let begun = 0;
    const house = { receive: async () => ({ event_id: 'evt_1' }) } as unknown as HttpHouse;
    const crowded = underPressure(house, createPressure({ ...SHED_AT, checkout: 2 }));
    const open = () =>
      crowded.whereThereIsRoom('checkout', () => {
        begun += 1;
        return never;
      });
    void open();
    void open();
    expect(await refused(open())).toEqual(['overloaded', 2]);
    expect(begun).toBe(2);
    expect(await crowded.receive(new Uint8Array(), null)).toEqual({ event_id: 'evt_1' });
  });

  test('refuses a checkout before the first question to the database, whatever key it carries', async () => {
    const asked: string[] = [];
    const asks = (what: string) => async () => {
      asked.push(what);
      return undefined as never;
    };
    const full = createPressure({ ...SHED_AT, checkout: 0 });
    const { whereThereIsRoom } = underPressure(desk().house, full);
    const { post } = desk(
      {},
      {
        whereThereIsRoom,
        ...{ declinesFrom: asks('declines'), replayAnswer: asks('replay'), findOffer: asks('offer') },
        startCheckout: asks('checkout'),
      },
    );
    const answer = await post(BUY, { 'Idempotency-Key': 'one' });
    expect([answer.status, answer.headers.get('Retry-After')]).toEqual([503, '2']);
    expect(asked).toEqual([]);
  });

  test('refuses a checkout before it is read, in the shape and with the headers of its contract, and nothing else with it', async () => {
    const { refuseWhenFull } = createPressure({ ...SHED_AT, checkout: 0 });
    const { send } = desk({}, { refuseWhenFull });
    const headers = { Origin: 'https://shop.example', 'Content-Type': 'text/plain' };
    const answer = await send(CREATE, { method: 'POST', body: 'never looked at', headers });
    expect([answer.status, answer.headers.get('Retry-After')]).toEqual([503, '2']);
    expect(answer.headers.get('Access-Control-Allow-Origin')).toBe('https://shop.example');
    expect(answer.headers.get('Request-Id')).toMatch(/^req_/);
    expect(await answer.json()).toMatchObject({ code: 'OVERLOADED' });
    expect((await send(CREATE, { method: 'OPTIONS', headers })).status).toBe(204);
    expect((await send(CREATE, { method: 'GET', headers })).status).toBe(405);
  });

  test('refuses a checkout already when too many wait for the database, however few are under way', async () => {
    let waiting = 0;
    const pressure = createPressure(SHED_AT, () => waiting);
    expect(await refused(pressure.during('checkout', async () => undefined))).toBe('served');
    waiting = SHED_WAITING.checkout;
    expect(await refused(pressure.during('checkout', async () => undefined))).toEqual(['overloaded', 2]);
    expect(await refused(pressure.during('status', async () => undefined))).toBe('served');
  });

  test('has a buyer come again when a newer version beside it has a rule that it does not know', async () => {
    const taken = Object.assign(new Error('duplicate key value'), { code: '23505', constraint: 'a_rule_of_tomorrow' });
    const newer = { ...desk().house, startCheckout: () => Promise.reject(taken) } as unknown as HttpHouse;
    const { startCheckout } = underPressure(newer, createPressure());
    const answer = startCheckout({} as never);
    await expect(answer).rejects.toMatchObject({ code: 'overloaded', status: 503, cause: taken });
    await expect(answer).rejects.toThrow('This could not be finished at this moment. Please try again.');
  });

  test('has nobody come again for ever for what is always there already: that is a mistake, by its name', async () => {
    const taken = Object.assign(new Error('duplicate key value'), { code: '23505', constraint: 'a_rule_of_ours' });
    const other = Object.assign(new Error('duplicate key value'), { code: '23505', constraint: 'another_rule' });
    let error = taken;
    let at_ms = 0;
    const clock = { now: () => new Date(at_ms) };
    const broken = { ...desk().house, clock, startCheckout: () => Promise.reject(error) } as unknown as HttpHouse;
    const { startCheckout } = underPressure(broken, createPressure());
    for (let times = 1; times <= 20; times += 1) {
      await expect(startCheckout({} as never)).rejects.toMatchObject({ code: 'overloaded', cause: taken });
    }
    const bug = { name: 'Bug', message: expect.stringContaining('a_rule_of_ours'), cause: taken };
    await expect(startCheckout({} as never)).rejects.toMatchObject(bug);
    error = other;
    await expect(startCheckout({} as never)).rejects.toMatchObject({ code: 'overloaded', cause: other });
    error = taken;
    at_ms = 10 * 60_000 - 1;
    await expect(startCheckout({} as never)).rejects.toMatchObject(bug);
    // Two callers who met in it once more, long after.
    at_ms = 10 * 60_000;
    await expect(startCheckout({} as never)).rejects.toMatchObject({ code: 'overloaded', cause: taken });
  });

  test('says the same when the database has no connection to give', async () => {
    const busy = { listOffers: () => Promise.reject(new DatabaseUnavailable('busy', new Error('full'))) };
    const house = underPressure(busy as unknown as HttpHouse, createPressure());
    expect(await refused(house.listOffers())).toEqual(['overloaded', 2]);
  });
});
