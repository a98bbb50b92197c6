import { at, child, children, has, type Input, integer, mergeMetadata, text } from '../../http/input.ts';
import { badParam, wrongState } from '../../kernel/failure.ts';
import type { Session } from '../../kernel/kinds.ts';
import type { Tx } from '../../store/tx.ts';
import { type Item, readItems, sessionSecrets } from '../basket/items.ts';
import { priceSession } from '../basket/price-session.ts';
import { readShippingOptions } from '../basket/shipping.ts';
import { readAddress } from '../customers/address.ts';

/** What a shop may still change in a session: a few things, and most of them only while it is open. */
export function updateSession(tx: Tx, input: Input, session: Session): Session {
  const metadata = mergeMetadata(input, session.metadata);
  if (metadata) tx.patch(session, { metadata });
  const shape = ['line_items', 'shipping_options', 'collected_information', 'payment_intent_data'];
  const touched = shape.find((name) => has(input, name));
  if (touched === undefined) return session;
  if (session.status !== 'open') throw wrongState('', `This session is ${session.status}: ${touched} cannot change.`);
  const lines = children(input, 'line_items');
  if (lines) sessionSecrets(tx, session).items = changedItems(tx, session, lines);
  if (has(input, 'shipping_options')) {
    const shipping = readShippingOptions(tx, input, session.currency ?? 'usd');
    sessionSecrets(tx, session).shipping_rate = shipping.shipping_rate;
    tx.patch(session, { shipping_options: shipping.shipping_options });
  }
  const collected = child(input, 'collected_information');
  if (collected) setShippingDetails(tx, session, collected);
  const data = child(input, 'payment_intent_data');
  if (data) {
    if (session.ui_mode !== 'elements')
      throw badParam(data.path, 'payment_intent_data changes only with ui_mode elements.');
    const secrets = sessionSecrets(tx, session);
    secrets.intent_data = { ...secrets.intent_data, ...data.fields };
  }
  if (session.mode === 'payment') priceSession(tx, session);
  tx.touch(session);
  return session;
}

/** The whole list comes: entries with an id are kept (with a new quantity, perhaps), others are new, the rest goes. */
function changedItems(tx: Tx, session: Session, lines: Input[]): Item[] {
  const { items } = sessionSecrets(tx, session);
  return lines.map((line) => {
    const id = text(line, 'id');
    if (id === undefined) {
      const [fresh] = readItems(tx, [line], session.mode, session.currency ?? undefined).items;
      if (!fresh) throw badParam(line.path, 'A line item needs a price.');
      return fresh;
    }
    const known = items.find((item) => item.id === id);
    if (!known) throw badParam(at(line, 'id'), `There is no line item ${id} in this session.`);
    const quantity = integer(line, 'quantity', { min: 1, max: 999_999 }) ?? known.quantity;
    const metadata = mergeMetadata(line, known.metadata) ?? known.metadata;
    return { ...known, quantity, metadata };
  });
}

function setShippingDetails(tx: Tx, session: Session, collected: Input): void {
  const given = child(collected, 'shipping_details');
  if (!given) return;
  if (session.ui_mode === 'hosted_page') {
    throw badParam(given.path, 'shipping_details are collected by the hosted page itself.');
  }
  const address = readAddress(child(given, 'address'));
  if (!address) throw badParam(at(given, 'address'), 'An address is needed.');
  tx.patch(session, {
    collected_information: {
      business_name: null,
      individual_name: null,
      shipping_details: { address, name: text(given, 'name') ?? '' },
    },
  });
}
