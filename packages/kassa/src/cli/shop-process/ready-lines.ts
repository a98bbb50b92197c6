import { basename, relative } from 'node:path';
import { type RunningShop, VERSION } from '../../main.ts';
import type { Printer } from '../printer.ts';

export interface ReadyFacts {
  /** Since the process began. */
  readonly took_ms: number;
  readonly keys: boolean;
  readonly hooks_file: string | null;
  readonly hooks: readonly string[];
}

/** Where people open the shop; a shop that listens on every address is at home on this computer too. */
export function addressOf({ settings, port }: RunningShop): string {
  const { host } = settings.server;
  const own = ['127.0.0.1', '0.0.0.0', '::', '::1', 'localhost'].includes(host);
  return `http://${own ? 'localhost' : host}:${port}`;
}

/** The folder as one would type it from here. */
export function folderName(folder: string): string {
  const near = relative(process.cwd(), folder);
  return `${near === '' ? '.' : near.startsWith('..') ? folder : near}/`;
}

/** What stands on the terminal while the shop runs. Every time and every address is the real one. */
export function printReady(printer: Printer, shop: RunningShop, facts: ReadyFacts): void {
  const { settings, kassa, port } = shop;
  const url = addressOf(shop);
  const sandbox_url = kassa.stand_in?.url ?? null;
  const seconds = `${Math.floor(facts.took_ms / 1000)}.${Math.floor((facts.took_ms % 1000) / 100)}`;
  const mode = kassa.stand_in
    ? 'SANDBOX: no Stripe account, no internet, no money'
    : `${settings.mode.toUpperCase()}: Stripe`;
  const say = (text: string, what: string, fields: Record<string, unknown> = {}): void =>
    printer.say(text, { what, ...fields });
  const place = (name: string, where: string, why: string): void =>
    say(`  ➜ ${name.padEnd(10)} ${where.padEnd(42)} ${why}`, 'address', { name: name.toLowerCase(), url: where });

  for (const notice of settings.notices) say(`  ! ${notice}`, 'notice', { notice });
  const ready = {
    version: VERSION,
    mode: kassa.stand_in ? 'sandbox' : settings.mode,
    took_ms: facts.took_ms,
    port,
    url,
  };
  say(`kassa ${VERSION}  ready in ${seconds} s     mode ${mode}`, 'ready', { ...ready, sandbox_url });
  place('Shop', `${url}/`, 'try buying');
  for (const { tenant, frontend, seller } of settings.tenants) place(tenant.key, `${frontend.origin}/`, seller.name);
  if (kassa.stand_in) {
    place('Orders', `${url}/admin/orders`, 'each order, step by step');
    place('Inbox', `${url}/admin/inbox`, settings.notify.smtp_url === null ? 'mail stays here' : 'mail that was sent');
  }
  place('API', `${url}/openapi.json`, 'every path, as OpenAPI 3.1');
  if (sandbox_url !== null) place('Sandbox', `${sandbox_url}/_sandbox`, 'the stand-in for Stripe');
  const folder = folderName(settings.data_folder);
  const hooks = facts.hooks_file === null ? 'none' : `${facts.hooks.join(', ')} (${basename(facts.hooks_file)})`;
  const kept = { data_folder: settings.data_folder, database: kassa.database, hooks: facts.hooks };
  say(`  data  ${folder} (${kassa.database})      hooks  ${hooks}`, 'data', kept);
  if (facts.keys) say('  keys  b buy · o orders · q quit', 'keys');
}
