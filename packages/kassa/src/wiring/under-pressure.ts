import { constraintOf, DatabaseUnavailable, sqlstateOf } from '../database/index.ts';
import type { HttpHouse } from '../http/house.ts';
import { comeAgain, type Pressure, type Sheddable } from '../http/pressure.ts';
import { Bug } from '../kernel/errors.ts';

/**
 * A house whose rooms are not entered by more than they hold: what is asked for by buyers, pages and people is counted
 * and refused in its order. Webhooks, keys and health pass. Contracts ask for room for a price or a checkout
 * themselves, once and before the first look at the database: what was begun is not refused half-way.
 */
export function underPressure(house: HttpHouse, { during, refuseWhenFull }: Pressure): HttpHouse {
  const told = teller(house);
  const held =
    <Asked extends readonly unknown[], Result>(what: Sheddable, work: (...asked: Asked) => Promise<Result>) =>
    (...asked: Asked): Promise<Result> =>
      during(what, () => work(...asked)).catch(told);
  const passing =
    <Asked extends readonly unknown[], Result>(work: (...asked: Asked) => Promise<Result>) =>
    (...asked: Asked): Promise<Result> =>
      work(...asked).catch(told);
  return {
    ...house,
    refuseWhenFull,
    whereThereIsRoom: (what, work) => during(what, work).catch(told),
    findOffer: passing(house.findOffer),
    findContractOffer: passing(house.findContractOffer),
    declinesFrom: passing(house.declinesFrom),
    replayAnswer: passing(house.replayAnswer),
    priceBasket: passing(house.priceBasket),
    startCheckout: passing(house.startCheckout),
    fillOrder: passing(house.fillOrder),
    listOrders: held('report', house.listOrders),
    readStory: held('report', house.readStory),
    listNotifications: held('report', house.listNotifications),
    readNotification: held('report', house.readNotification),
    listTrouble: held('report', house.listTrouble),
    listOffers: held('catalogue', house.listOffers),
    refreshCheckout: held('status', house.refreshCheckout),
    readStanding: held('status', house.readStanding),
  };
}

/** A unique index says that somebody else has just written the same (Postgres, appendix A). */
const TAKEN = '23505';

/** So often within some minutes a constraint may be a newer version's, which takes over meanwhile. */
const TAKEN_MAX = 20;
const TAKEN_WITHIN_MS = 10 * 60_000;

/**
 * A database that has no connection to give is one more way of being too many. A row that somebody else has just written
 * and that no story looked for may be a rule of a newer version that runs beside this one: whoever comes again meets
 * that version, or finds the row. A constraint that is hit again and again is neither: it is told as the mistake that it
 * is, or everybody would come again for ever. Now and then, in months, two callers may meet in any constraint.
 */
function teller({ clock, log }: HttpHouse): (error: unknown) => never {
  const hits = new Map<string, { readonly times: number; readonly since_ms: number }>();
  return (error) => {
    if (error instanceof DatabaseUnavailable) throw comeAgain(error);
    if (sqlstateOf(error) !== TAKEN) throw error;
    const constraint = constraintOf(error) ?? 'unnamed';
    const at_ms = clock.now().getTime();
    const before = hits.get(constraint);
    const goes_on = before !== undefined && at_ms - before.since_ms < TAKEN_WITHIN_MS;
    const { times, since_ms } = goes_on ? { ...before, times: before.times + 1 } : { times: 1, since_ms: at_ms };
    hits.set(constraint, { times, since_ms });
    log.warn({ constraint, times }, 'a row that no story looked for was there already');
    if (times > TAKEN_MAX) throw new Bug(`no story looks for what ${constraint} keeps single`, { cause: error });
    throw comeAgain(error);
  };
}
