import type { CommandDef } from 'citty';
import { durationMs } from '../../config/times.ts';
import { countWaiting } from '../../domain/proof/index.ts';
import type { House } from '../../flows/house.ts';
import { type Replayed, replay as replayOne } from '../../flows/proof/replay.ts';
import { listParked, type Parked } from '../../flows/proving/parked.ts';
import { fromTypeId } from '../../kernel/ids.ts';
import { Exit, type Printer, printerTo } from '../printer.ts';
import { atOpened, type OpenedHere, SHOP_ARGS } from './opened.ts';

export const replay: CommandDef = {
  meta: {
    name: 'replay',
    description:
      'List the events and deliveries that gave up, or let one or all of them be tried again. Safe to repeat',
  },
  args: {
    id: {
      type: 'positional',
      required: false,
      valueHint: 'id',
      description: 'evt_… or dlv_…; an event that never arrived is fetched from Stripe',
    },
    failed: { type: 'boolean', description: 'Everything that gave up' },
    since: { type: 'string', valueHint: 'time', description: 'Only what gave up so long ago at most, such as 2h' },
    ...SHOP_ARGS,
  },
  run: ({ args }) => runReplay(args, printerTo(process.stdout, args.json === true)),
};

const WORDS: Readonly<Record<Replayed, string>> = {
  due: 'is due now',
  fetched: 'was fetched from Stripe and is due now',
  done_before: 'has not given up: nothing to do',
};

async function runReplay(args: Readonly<Record<string, unknown>>, printer: Printer): Promise<number> {
  const { id, failed, since } = args;
  if (id !== undefined && (failed === true || since !== undefined)) {
    throw new Exit(2, 'Give one id, or --failed with or without --since, or nothing for a list.');
  }
  const length_ms = since === undefined ? undefined : durationMs(String(since));
  if (since !== undefined && length_ms === undefined)
    throw new Exit(2, `--since takes a time such as 2h, not ${since}.`);
  return atOpened(args, async ({ house, untilDone }) => {
    const asked: string[] = [];
    const again = async (one: string): Promise<void> => {
      const outcome = await replayOne(house, one);
      if (outcome !== 'done_before') asked.push(one);
      printer.say(`${one} ${WORDS[outcome]}`, { what: 'replayed', id: one, outcome });
    };
    if (id !== undefined) {
      await again(String(id));
      return tellEnd(house, asked, { untilDone, printer });
    }
    const from = length_ms === undefined ? undefined : new Date(house.clock.now().getTime() - length_ms);
    const parked = await listParked(house, from);
    if (failed === true || since !== undefined) for (const one of parked) await again(one.id);
    else for (const one of parked) tell(printer, one);
    printer.say(`${parked.length} gave up`, { what: 'parked', count: parked.length });
    return tellEnd(house, asked, { untilDone, printer });
  });
}

/** What became of them where the shop runs meanwhile. @returns 1 when one gave up once more. */
async function tellEnd(
  house: House,
  asked: readonly string[],
  { untilDone, printer }: Pick<OpenedHere, 'untilDone'> & { readonly printer: Printer },
): Promise<number> {
  if (asked.length === 0) return 0;
  const event_ids = asked.filter((id) => id.startsWith('evt_'));
  const delivery_ids = asked.flatMap((id) => fromTypeId('dlv', id) ?? []);
  const done = await untilDone(async () => (await countWaiting(house.db, { event_ids, delivery_ids })) === 0);
  if (!done) return 0;
  const failed = (await listParked(house)).filter((one) => asked.includes(one.id));
  for (const one of failed) tell(printer, one);
  const well = asked.length - failed.length;
  printer.say(`${well} done, ${failed.length} gave up again`, { what: 'ended', done: well, parked: failed.length });
  return failed.length === 0 ? 0 : 1;
}

function tell(printer: Printer, parked: Parked): void {
  const { what: _, ...fields } = parked;
  const tries = parked.attempts === 1 ? '1 try' : `${parked.attempts} tries`;
  const when = parked.parked_at.toISOString();
  printer.say(`${parked.id}  ${parked.about}  gave up ${when} after ${tries}: ${parked.last_error ?? 'no error'}`, {
    ...fields,
    what: parked.what,
  });
}
