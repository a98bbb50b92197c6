import type { CommandDef } from 'citty';
import { adopt as adoptPayment } from '../../flows/proof/adopt.ts';
import { toTypeId } from '../../kernel/ids.ts';
import { Exit, type Printer, printerTo } from '../printer.ts';
import { atOpened, SHOP_ARGS } from './opened.ts';

export const adopt: CommandDef = {
  meta: {
    name: 'adopt',
    description: 'Make an order in review of a payment that Stripe took and that no order knows. Safe to repeat',
  },
  args: {
    id: { type: 'positional', required: true, valueHint: 'id', description: 'cs_… of a session, or pi_… of a payment' },
    ...SHOP_ARGS,
  },
  run: ({ args }) => runAdopt(String(args.id), args, printerTo(process.stdout, args.json === true)),
};

async function runAdopt(id: string, args: Readonly<Record<string, unknown>>, printer: Printer): Promise<number> {
  if (!/^(cs|pi)_[A-Za-z0-9_]+$/.test(id))
    throw new Exit(2, `kassa adopt takes cs_… or pi_…, not ${JSON.stringify(id)}.`);
  return atOpened(args, async ({ house }) => {
    const { order_id, is_new } = await adoptPayment(house, id, { actor: 'admin:command line', end: 'review' });
    const order = toTypeId('ord', order_id);
    const sentence = is_new
      ? `${id} is ${order} now, which waits for a person: kassa explain ${order}`
      : `${order} has ${id} already: nothing to do`;
    printer.say(sentence, { what: 'adopted', id, order_id: order, is_new });
    return 0;
  });
}
