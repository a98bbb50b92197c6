/** `kassa/dev`: a developer's shop in a program of its own, as `kassa dev` runs it, and what one puts into it. */

import { moneyUnit } from '../../domain/credits/index.ts';
import { type KeyCaps, recognizeKey, SCOPES, type Scope } from '../../domain/keys/index.ts';
import { grantCredits } from '../../flows/buyers/grant-credits.ts';
import { createKey } from '../../flows/keys/create-key.ts';
import { silentLog } from '../../kernel/log.ts';
import { developmentToken, type RunningShop } from '../../main.ts';
import { realWorld } from '../world.ts';

export { loadConfig } from '../../config.ts';
export { type RunningShop, refusalOf } from '../../main.ts';
export { Exit, type Printer, printerTo } from '../printer.ts';
export { runShop, type ShopRun } from './run-shop.ts';
export { isRunningIn } from './running.ts';
export { SCOPES, type Scope };

export interface DevelopmentKey {
  readonly kind: 'publishable' | 'secret' | 'agent';
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly caps?: KeyCaps;
}

const ACTOR = 'kassa/dev';

/** Makes a key for the shop that runs, as `kassa key create` does. It is told this once. */
export async function makeKeyOf({ kassa, settings }: RunningShop, wish: DevelopmentKey): Promise<string> {
  const { tenant, seller, frontend, mode } = settings;
  const row = { ...tenant, name: seller.name, origins: frontend.origins };
  const world = { ...realWorld(silentLog), db: kassa.house.db };
  const { text } = await createKey(world, { caps: {}, ...wish, tenant: row, mode, actor: ACTOR });
  return text;
}

/** Whether the shop that runs would take this key today. */
export async function takesKey({ kassa, settings }: RunningShop, text: string): Promise<boolean> {
  const { db, clock } = kassa.house;
  return (await recognizeKey(db, settings.mode, text, clock.now())) !== undefined;
}

/** Gives a buyer money to spend in the shop that runs, as `kassa credits grant` does. Minor units. */
export async function grantMoney(
  { kassa }: RunningShop,
  { amount_minor, currency, ...buyer }: { user_id: string; email: string; amount_minor: number; currency: string },
): Promise<void> {
  await grantCredits(kassa.house, { ...buyer, unit: moneyUnit(currency), amount: amount_minor, source: 'goodwill' });
}

/** A token for a buyer of one's own invention, as `kassa token` signs it. Seconds. */
export function tokenOf(
  { settings }: RunningShop,
  buyer: { readonly user_id: string; readonly email: string; readonly lasts_s: number },
): string {
  return developmentToken(settings, realWorld(silentLog), buyer);
}
