import type { CommandDef } from 'citty';
import { loadConfig, readSettings } from '../../config.ts';
import { findOffer } from '../../domain/catalog/index.ts';
import { type CreditUnit, moneyUnit, piecesOf } from '../../domain/credits/index.ts';
import { grantCredits } from '../../flows/buyers/grant-credits.ts';
import { KassaError } from '../../kernel/errors.ts';
import { minorFromDecimal } from '../../kernel/money.ts';
import { atShop, type OpenedShop } from '../../main.ts';
import { systemLog } from '../../system.ts';
import { Exit, type Printer, printerTo } from '../printer.ts';
import { realWorld } from '../world.ts';

const COUNT_MAX = 10_000;

export const grant: CommandDef = {
  meta: {
    name: 'credits grant',
    description: 'Give a buyer credits: money to spend in the shop, or pieces of a product',
  },
  args: {
    user: { type: 'string', valueHint: 'id', description: 'Whose they are: the id with which the buyer signs in' },
    email: { type: 'string', valueHint: 'address', description: 'Kept for a buyer whom the shop does not know yet' },
    amount: { type: 'string', valueHint: 'money', description: 'Such as 20.00usd' },
    product: { type: 'string', valueHint: 'key', description: 'Instead of money: a product of the catalogue' },
    count: { type: 'string', valueHint: 'number', default: '1', description: 'How many of the product' },
    config: { type: 'string', valueHint: 'folder', default: '.', description: 'Where kassa.config.ts is' },
    tenant: {
      type: 'string',
      valueHint: 'key',
      default: 'default',
      description: 'Which shop, where there are several',
    },
    json: { type: 'boolean', description: 'One JSON object' },
  },
  run: ({ args }) => runGrant(args, printerTo(process.stdout, args.json === true)),
};

type Args = Readonly<Record<string, unknown>>;

/** A shop may run meanwhile: the credits are there with the next request. */
async function runGrant(args: Args, printer: Printer): Promise<number> {
  const user_id = String(args.user ?? '');
  if (user_id === '') throw new Exit(2, 'Say whose credits they are: --user ann.');
  if ((args.amount === undefined) === (args.product === undefined)) {
    throw new Exit(2, 'Say what is given: --amount 20.00usd, or --product massage --count 5.');
  }
  const loaded = await loadConfig(String(args.config));
  const settings = readSettings(loaded.config, process.env, { folder: process.cwd(), file: loaded.file });
  const world = realWorld(systemLog({ level: 'warn' }));
  const given = await atShop(settings, world, String(args.tenant), async ({ db, shop }) => {
    if (!shop) throw new Exit(1, 'This shop has never been started: start it once, so that it knows its buyers.');
    const { unit, amount } = await readGift(args, { db, shop });
    const email = args.email === undefined ? {} : { email: String(args.email) };
    await grantCredits({ ...world, db, shop }, { user_id, ...email, unit, amount, source: 'goodwill' });
    return { unit, amount };
  });
  const words = args.amount === undefined ? `${given.amount} × ${String(args.product)}` : String(args.amount);
  printer.say(`granted  ${words} to ${user_id}`, { what: 'granted', user_id, ...given.unit, amount: given.amount });
  return 0;
}

async function readGift(
  { amount, product, count }: Args,
  { db, shop }: { db: OpenedShop['db']; shop: NonNullable<OpenedShop['shop']> },
): Promise<{ unit: CreditUnit; amount: number }> {
  if (amount !== undefined) return readMoney(String(amount));
  const offer = await findOffer(db, shop, { key: String(product) });
  if (!offer) throw new Exit(1, `The catalogue has no ${JSON.stringify(product)}.`);
  const pieces = Number(count);
  if (!Number.isInteger(pieces) || pieces < 1 || pieces > COUNT_MAX) {
    throw new Exit(2, `--count is a whole number from 1 to ${COUNT_MAX}, not ${JSON.stringify(count)}.`);
  }
  return { unit: piecesOf(offer.id), amount: pieces };
}

/** `20.00usd`. @throws Exit 2 */
function readMoney(text: string): { unit: CreditUnit; amount: number } {
  const [, digits = '', letters = ''] = /^([0-9.]+) ?([a-z]{3})$/i.exec(text.trim()) ?? [];
  const currency = letters.toLowerCase();
  if (currency === '') throw new Exit(2, `--amount is money such as 20.00usd; ${JSON.stringify(text)} is not.`);
  try {
    return { unit: moneyUnit(currency), amount: minorFromDecimal(digits, currency) };
  } catch (error) {
    if (!(error instanceof KassaError)) throw error;
    throw new Exit(2, `--amount: ${error.message}`);
  }
}
