import { at, child, children, type Input, text } from '../../http/input.ts';
import { badParam } from '../../kernel/failure.ts';
import type { Session } from '../../kernel/kinds.ts';
import type { Tx } from '../../store/tx.ts';
import { newShippingRate } from '../rates/rates.ts';
import { sessionSecrets } from './items.ts';
import { priceSession } from './price-session.ts';

const OPTIONS_MAX = 5;

export interface Shipping {
  shipping_rate: string | null;
  shipping_options: Session['shipping_options'];
}

/** The ways to ship that the buyer may choose from; the first is chosen until they do. */
export function readShippingOptions(tx: Tx, input: Input, currency: string): Shipping {
  const given = children(input, 'shipping_options') ?? [];
  if (given.length > OPTIONS_MAX) throw badParam('shipping_options', `At most ${OPTIONS_MAX} shipping options.`);
  const shipping_options = given.map((option) => {
    const id = text(option, 'shipping_rate');
    const inline = child(option, 'shipping_rate_data');
    if ((id === undefined) === (inline === undefined)) {
      throw badParam(at(option, 'shipping_rate'), 'Give exactly one of shipping_rate and shipping_rate_data.');
    }
    const rate = inline ? newShippingRate(tx, inline) : tx.get('shipping_rate', id ?? '', at(option, 'shipping_rate'));
    if (rate.fixed_amount?.currency !== currency && !rate.fixed_amount?.currency_options?.[currency]) {
      throw badParam(at(option, 'shipping_rate'), `The shipping rate ${rate.id} has no amount in ${currency}.`);
    }
    return { shipping_amount: rate.fixed_amount?.amount ?? 0, shipping_rate: rate.id };
  });
  const first = shipping_options[0]?.shipping_rate;
  return { shipping_rate: typeof first === 'string' ? first : null, shipping_options };
}

/** The buyer chooses another way to ship. */
export function chooseShipping(tx: Tx, session: Session, rate: string): void {
  if (!session.shipping_options.some((option) => option.shipping_rate === rate)) {
    throw badParam('shipping_rate', 'This session does not offer that shipping rate.');
  }
  sessionSecrets(tx, session).shipping_rate = rate;
  priceSession(tx, session);
}
