import type { CommandDef } from 'citty';
import { type Explanation, explain as explainOrder } from '../../flows/proof/explain.ts';
import { toTypeId } from '../../kernel/ids.ts';
import { decimalFromMinor } from '../../kernel/money.ts';
import { type Printer, printerTo } from '../printer.ts';
import { atOpened, SHOP_ARGS } from './opened.ts';

const ACTOR = 'admin:command line';

export const explain: CommandDef = {
  meta: {
    name: 'explain',
    description:
      'The story of an order with its causes, what Stripe says now, and what Kassa would do. Exit 1 if anything',
  },
  args: {
    order: {
      type: 'positional',
      required: true,
      valueHint: 'order',
      description: 'ord_…, its number, or the id of its session or payment at Stripe',
    },
    fix: { type: 'boolean', description: 'Do what Kassa would do, through the same stories as everybody else' },
    ...SHOP_ARGS,
  },
  run: ({ args }) => runExplain(String(args.order), args, printerTo(process.stdout, args.json === true)),
};

/** @returns 0 when nothing is left to do, else 1. */
async function runExplain(name: string, args: Readonly<Record<string, unknown>>, printer: Printer): Promise<number> {
  return atOpened(args, async ({ house, untilDone }) => {
    const first = await explainOrder(house, name, ACTOR);
    tell(printer, first, house.clock.now());
    const doable = first.remedies.filter(({ fix }) => fix !== undefined);
    if (args.fix !== true || doable.length === 0) return first.remedies.length === 0 ? 0 : 1;
    for (const { kind, sentence, fix } of doable) {
      await fix?.();
      printer.say(`done: ${sentence}`, { what: 'done', kind, sentence });
    }
    // Some of it is only due now: a shop that runs does it in a moment.
    let { story, remedies } = await explainOrder(house, name, ACTOR);
    await untilDone(async () => {
      if (remedies.every(({ fix }) => fix === undefined)) return true;
      ({ story, remedies } = await explainOrder(house, name, ACTOR));
      return false;
    });
    const left = remedies.length;
    printer.say(`the order is ${story.order.status} now, ${left} left to do`, {
      ...{ what: 'fixed', status: story.order.status, left },
    });
    return left === 0 ? 0 : 1;
  });
}

function tell(printer: Printer, { story, said, remedies }: Explanation, now: Date): void {
  const { order, steps } = story;
  const id = toTypeId('ord', order.id);
  const total = `${decimalFromMinor(order.total_minor, order.currency)} ${order.currency.toUpperCase()}`;
  const number = order.number === null ? '' : ` (#${order.number})`;
  const review = order.review_reason === null ? '' : `, in review: ${order.review_reason.replaceAll('_', ' ')}`;
  const { status, contract, email, review_reason } = order;
  printer.say(`${id}${number}: ${status}, ${total}, ${contract}, ${email ?? 'nobody known'}${review}`, {
    ...{ what: 'order', id, number: order.number, status, review_reason, contract, email },
    ...{ total_minor: order.total_minor, currency: order.currency },
  });
  for (const { at, kind, title, detail, state } of steps) {
    const mark = { ok: ' ', info: ' ', waiting: '…', failed: '!' }[state];
    printer.say(`  ${at.toISOString()} ${mark} ${kind.padEnd(8)} ${title}${detail === null ? '' : `: ${detail}`}`, {
      ...{ what: 'step', at, kind, title, detail, state },
    });
  }
  for (const { object_id, kind, owner, since } of story.breaks) {
    const age = ageOf(since, now);
    const text = `  ! unexplained for ${age}: ${object_id}, ${kind.replaceAll('_', ' ')}; to be acted on by ${owner}`;
    printer.say(text, { what: 'break', object_id, kind, owner, since });
  }
  for (const { object_id, sentence, agrees } of said) {
    printer.say(`  Stripe says now: ${object_id} is ${sentence}${agrees ? '' : '  ← differs'}`, {
      ...{ what: 'stripe', object_id, sentence, agrees },
    });
  }
  if (remedies.length === 0) printer.say('  Kassa would do nothing: all of it agrees.', { what: 'agrees' });
  for (const { kind, sentence, fix } of remedies) {
    printer.say(`  Kassa would ${sentence}${fix === undefined ? '' : ' (--fix)'}`, {
      ...{ what: 'remedy', kind, sentence, fixable: fix !== undefined },
    });
  }
}

const MINUTE_MS = 60_000;

/** `3 d`, `5 h`, `12 min`: the largest unit that is full. */
function ageOf(since: Date, now: Date): string {
  const minutes = Math.max(0, Math.floor((now.getTime() - since.getTime()) / MINUTE_MS));
  if (minutes < 60) return `${minutes} min`;
  return minutes < 2_880 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1_440)} d`;
}
