import type { CommandDef } from 'citty';
import { forgetBodies } from '../../flows/upkeep/forget-bodies.ts';
import { type Printer, printerTo } from '../printer.ts';
import { atOpened, SHOP_ARGS } from './opened.ts';

export const retention: CommandDef = {
  meta: {
    name: 'retention',
    description: 'Let the texts of old events go, month by month, as the shop does daily by itself. Ids stay for ever',
  },
  args: {
    'dry-run': { type: 'boolean', description: 'Only say which months would go' },
    ...SHOP_ARGS,
  },
  run: ({ args }) => runRetention(args, printerTo(process.stdout, args.json === true)),
};

async function runRetention(args: Readonly<Record<string, unknown>>, printer: Printer): Promise<number> {
  const dry_run = args['dry-run'] === true;
  return atOpened(args, async ({ house, settings }) => {
    const { before, dropped, kept, loose } = await forgetBodies(house, { kept_ms: settings.event_bodies_ms, dry_run });
    const became = dry_run ? 'would go' : 'gone';
    for (const { month, bytes } of dropped) {
      printer.say(`${month}  ${bytes} bytes  ${became}`, { what: 'month', month, bytes, kept: false });
    }
    for (const { month, bytes } of kept) {
      printer.say(`${month}  ${bytes} bytes  kept`, { what: 'month', month, bytes, kept: true });
    }
    const counts = { before: before.toISOString(), months: dropped.length, loose, dry_run };
    const beside = loose === null ? '' : `, and ${loose} texts that were in none`;
    printer.say(`${dropped.length} months of texts from before ${counts.before} ${became}${beside}`, {
      what: 'retention',
      ...counts,
    });
    return 0;
  });
}
