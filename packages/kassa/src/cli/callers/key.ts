import type { CommandDef } from 'citty';
import { loadConfig, readSettings, type Settings } from '../../config.ts';
import { type ApiKey, listKeys } from '../../domain/keys/index.ts';
import { createKey } from '../../flows/keys/create-key.ts';
import { revokeKey } from '../../flows/keys/revoke-key.ts';
import { fromTypeId, toTypeId } from '../../kernel/ids.ts';
import { atShop } from '../../main.ts';
import { systemLog } from '../../system.ts';
import { Exit, type Printer, printerTo } from '../printer.ts';
import { realWorld } from '../world.ts';
import { capsText, readCaps, readKind, readScopes } from './rights.ts';

const ACTOR = 'command line';
const NAME_LENGTH_MAX = 100;

const EVERYWHERE = {
  config: { type: 'string', valueHint: 'folder', default: '.', description: 'Where kassa.config.ts is' },
  tenant: { type: 'string', valueHint: 'key', default: 'default', description: 'Which shop, where there are several' },
  json: { type: 'boolean', description: 'One JSON object per line' },
} as const;

export const create: CommandDef = {
  meta: { name: 'key create', description: 'Make a key for a page, a server or an agent; it is shown once' },
  args: {
    kind: { type: 'string', valueHint: 'kind', default: 'secret', description: 'publishable, secret or agent' },
    name: { type: 'string', valueHint: 'words', description: 'What it is for, so that you know it again' },
    scope: { type: 'string', valueHint: 'list', description: 'What it may do: all, or payments:read,payments:write,…' },
    cap: { type: 'string', valueHint: 'list', description: 'Limits such as payment=300usd,day=1000usd,refund=50usd' },
    ...EVERYWHERE,
  },
  run: ({ args }) => runCreate(args, printerTo(process.stdout, args.json === true)),
};

export const listAll: CommandDef = {
  meta: { name: 'key list', description: 'The keys of a shop: what each may do, and when it was last used' },
  args: EVERYWHERE,
  run: ({ args }) => runList(args, printerTo(process.stdout, args.json === true)),
};

export const revoke: CommandDef = {
  meta: { name: 'key revoke', description: 'End a key for ever' },
  args: {
    id: { type: 'positional', required: true, description: 'The key’s id: key_…, see kassa key list' },
    ...EVERYWHERE,
  },
  run: ({ args }) => runRevoke(args, printerTo(process.stdout, args.json === true)),
};

type Args = Readonly<Record<string, unknown>>;

async function settingsOf({ config }: Args): Promise<Settings> {
  const loaded = await loadConfig(String(config));
  return readSettings(loaded.config, process.env, { folder: process.cwd(), file: loaded.file });
}

async function runCreate(args: Args, printer: Printer): Promise<number> {
  const kind = readKind(String(args.kind));
  const scopes = readScopes(args.scope === undefined ? undefined : String(args.scope), kind);
  const caps = readCaps(args.cap === undefined ? undefined : String(args.cap), kind);
  const name = String(args.name ?? kind).trim();
  if (name === '' || name.length > NAME_LENGTH_MAX) throw new Exit(2, `--name has 1 to ${NAME_LENGTH_MAX} characters.`);
  const world = realWorld(systemLog({ level: 'warn' }));
  const settings = await settingsOf(args);
  const { key, text } = await atShop(settings, world, String(args.tenant), ({ db, settings: own }) => {
    const { seller, frontend, mode } = own;
    const tenant = { ...own.tenant, name: seller.name, origins: frontend.origins };
    return createKey({ ...world, db }, { tenant, mode, kind, name, scopes, caps, actor: ACTOR });
  });
  printer.say(text, { what: 'key', key: text, ...shown(key), tenant: args.tenant, mode: settings.mode });
  if (!printer.json) {
    printer.say(`  ${describe(key)}`, { what: 'line' });
    printer.say('  It is shown this once: only its hash is kept.', { what: 'line' });
  }
  return 0;
}

async function runList(args: Args, printer: Printer): Promise<number> {
  const world = realWorld(systemLog({ level: 'warn' }));
  const keys = await atShop(await settingsOf(args), world, String(args.tenant), async ({ db, shop }) =>
    shop ? listKeys(db, shop) : [],
  );
  for (const key of keys) printer.say(describe(key), { what: 'key', ...shown(key) });
  if (keys.length === 0 && !printer.json) printer.say('no keys: make one with kassa key create', { what: 'line' });
  return 0;
}

async function runRevoke(args: Args, printer: Printer): Promise<number> {
  const key_id = fromTypeId('key', String(args.id));
  if (key_id === undefined)
    throw new Exit(2, `${JSON.stringify(args.id)} is no id of a key: kassa key list shows them.`);
  const world = realWorld(systemLog({ level: 'warn' }));
  const key = await atShop(await settingsOf(args), world, String(args.tenant), async ({ db, shop }) =>
    shop ? revokeKey({ ...world, db }, shop, { key_id, actor: ACTOR }) : undefined,
  );
  if (key === undefined) throw new Exit(1, `This shop has no key ${String(args.id)}: kassa key list shows its keys.`);
  printer.say(`revoked  ${describe(key)}`, { what: 'revoked', ...shown(key) });
  return 0;
}

function shown(key: ApiKey) {
  const { id, kind, name, last_four, scopes, caps, created_at, last_used_at, revoked_at } = key;
  return { id: toTypeId('key', id), kind, name, last_four, scopes, caps, created_at, last_used_at, revoked_at };
}

function describe({ id, kind, name, last_four, scopes, caps, last_used_at, revoked_at }: ApiKey): string {
  const limits = capsText(caps);
  const state = revoked_at
    ? `revoked ${revoked_at.toISOString()}`
    : last_used_at
      ? `used ${last_used_at.toISOString()}`
      : 'never used';
  const rights = scopes.length === 0 ? [] : [scopes.join(' ')];
  const parts = [toTypeId('key', id), kind, `…${last_four}`, JSON.stringify(name), ...rights];
  return [...parts, ...(limits === '' ? [] : [`at most ${limits}`]), state].join('  ');
}
