import type { CommandDef } from 'citty';
import { loadConfig, readSettings } from '../config.ts';
import { migrateOnly } from '../main.ts';
import { systemLog } from '../system.ts';
import { type Printer, printerTo } from './printer.ts';
import { realWorld } from './world.ts';

export const migrate: CommandDef = {
  meta: { name: 'migrate', description: 'Bring the schema of the database up to date' },
  args: {
    config: { type: 'string', valueHint: 'folder', default: '.', description: 'Where kassa.config.ts is' },
    'dry-run': { type: 'boolean', description: 'Say what would be done, and do nothing' },
    json: { type: 'boolean', description: 'One JSON object per line' },
  },
  run: ({ args }) =>
    runMigrate(String(args.config), args['dry-run'] === true, printerTo(process.stdout, args.json === true)),
};

/** Safe at any time and from several places at once: one of them migrates, the others find nothing left to do. */
async function runMigrate(where: string, dry_run: boolean, printer: Printer): Promise<number> {
  const loaded = await loadConfig(where);
  const settings = readSettings(loaded.config, process.env, { folder: process.cwd(), file: loaded.file });
  const world = realWorld(systemLog({ level: 'warn' }));
  const { applied, at } = await migrateOnly(settings, world, dry_run);
  const verb = dry_run ? 'would apply' : 'applied';
  for (const name of applied) printer.say(`  ${verb} ${name}`, { what: 'migration', name, dry_run });
  const still =
    applied.length === 0 ? 'nothing to do' : `${applied.length} ${applied.length === 1 ? 'migration' : 'migrations'}`;
  printer.say(`schema kassa at ${String(at).padStart(4, '0')}: ${still}`, {
    what: 'schema',
    at,
    applied: applied.length,
  });
  return 0;
}
