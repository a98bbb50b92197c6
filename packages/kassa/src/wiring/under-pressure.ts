import { DatabaseUnavailable } from '../database/index.ts';
import type { HttpHouse } from '../http/house.ts';
import { overloaded, type Pressure, type Sheddable } from '../http/pressure.ts';

/**
 * A house whose rooms are not entered by more than they hold: what is asked for by buyers, pages and people is counted
 * and refused in its order. Webhooks, keys and health pass.
 */
export function underPressure(house: HttpHouse, { during }: Pressure): HttpHouse {
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
    findOffer: passing(house.findOffer),
    findContractOffer: passing(house.findContractOffer),
    declinesFrom: passing(house.declinesFrom),
    replayAnswer: passing(house.replayAnswer),
    fillOrder: passing(house.fillOrder),
    listOrders: held('report', house.listOrders),
    readStory: held('report', house.readStory),
    listNotifications: held('report', house.listNotifications),
    readNotification: held('report', house.readNotification),
    listTrouble: held('report', house.listTrouble),
    listOffers: held('catalogue', house.listOffers),
    priceBasket: held('price', house.priceBasket),
    startCheckout: held('checkout', house.startCheckout),
    refreshCheckout: held('status', house.refreshCheckout),
  };
}

/** A database that has no connection to give is one more way of being too many. */
function told(error: unknown): never {
  throw error instanceof DatabaseUnavailable ? overloaded(error) : error;
}
