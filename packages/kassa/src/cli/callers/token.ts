import type { CommandDef } from 'citty';
import { loadConfig, readSettings } from '../../config.ts';
import { developmentToken, shopNamed } from '../../main.ts';
import { systemLog } from '../../system.ts';
import { Exit, type Printer, printerTo } from '../printer.ts';
import { realWorld } from '../world.ts';

const HOUR_S = 3_600;
const HOURS_MAX = 24 * 30;
const USER_LENGTH_MAX = 255;

export const token: CommandDef = {
  meta: { name: 'token', description: 'Sign a buyer of your own invention in, for development' },
  args: {
    user: { type: 'string', valueHint: 'id', description: 'Who it is. Default: the e-mail address' },
    email: { type: 'string', valueHint: 'address', description: 'Where the receipt goes' },
    hours: { type: 'string', valueHint: 'count', default: '12', description: 'How long the token is good' },
    config: { type: 'string', valueHint: 'folder', default: '.', description: 'Where kassa.config.ts is' },
    tenant: {
      type: 'string',
      valueHint: 'key',
      default: 'default',
      description: 'Which shop, where there are several',
    },
    json: { type: 'boolean', description: 'One JSON object' },
  },
  run: ({ args }) => runToken(args, printerTo(process.stdout, args.json === true)),
};

/** Needs no database and no running shop: the secret stands in the environment or in the data folder. */
async function runToken(args: Readonly<Record<string, unknown>>, printer: Printer): Promise<number> {
  const email = args.email === undefined ? null : String(args.email);
  const user_id = args.user === undefined ? email : String(args.user);
  if (user_id === null || user_id === '' || user_id.length > USER_LENGTH_MAX) {
    throw new Exit(2, 'Say who it is: --user ann, --email ann@example.com, or both.');
  }
  if (email !== null && !/^[^\s@]+@[^\s@]+$/.test(email)) {
    throw new Exit(2, `--email takes an address such as ann@example.com, not ${JSON.stringify(email)}.`);
  }
  const hours = Number(args.hours);
  if (!Number.isInteger(hours) || hours < 1 || hours > HOURS_MAX) {
    throw new Exit(2, `--hours is a whole number from 1 to ${HOURS_MAX}.`);
  }
  const loaded = await loadConfig(String(args.config));
  const settings = readSettings(loaded.config, process.env, { folder: process.cwd(), file: loaded.file });
  const own = shopNamed(settings, String(args.tenant));
  const world = realWorld(systemLog({ level: 'warn' }));
  const text = developmentToken(own, world, { user_id, email, lasts_s: hours * HOUR_S });
  const expires_at = new Date(world.clock.now().getTime() + hours * HOUR_S * 1_000);
  printer.say(text, { what: 'token', token: text, user_id, email, tenant: args.tenant, expires_at });
  return 0;
}
