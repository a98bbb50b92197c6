import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { World } from '../../app.ts';
import { appointment, customAmount, defineKassa, ticket, usd } from '../../config/written/builders.ts';
import { type LoadedConfig, loadConfig } from '../../config.ts';
import { type RunningShop, startShop } from '../../main.ts';
import { anyFreePort } from '../ports.ts';

export interface ThrowAway {
  readonly url: string;
  readonly shop: RunningShop;
  /** Stops it and removes its folder. */
  close(): Promise<void>;
}

/** What is sold where nobody has written a shop yet. */
const SMALL_SHOP = defineKassa({
  currency: 'usd',
  seller: { name: 'Try Hall', email: 'tickets@example.com', country: 'US' },
  catalog: {
    concert: ticket({
      name: 'Evening concert',
      id: 'screening_01h455vb4pex5vsknk084sn02q',
      price: usd('25.00'),
      stripePrice: 'price_evening_concert',
      capacity: 100,
      maxPerOrder: 8,
    }),
    lesson: appointment({
      name: 'Singing lesson',
      externalId: 11,
      price: usd('60.00'),
      duration: '60m',
      practitioners: [{ id: 1, name: 'Ada' }],
    }),
    gift: customAmount({ name: 'Gift', min: [usd('1.00')], max: [usd('100.00')] }),
  },
  contracts: {
    'hosted-checkout': { customAmountProduct: 'gift' },
    'ticket-order': { product: 'concert' },
    'booking-checkout': true,
    'chat-payments': true,
    'embedded-checkout': { product: 'concert' },
  },
});

/** A whole shop in a temporary folder on free ports: the one of `where`, else of this folder, else a small one of our own. */
export async function startThrowAway(where: string | null, world: World): Promise<ThrowAway> {
  const loaded = where === null && !hasConfig(process.cwd()) ? small() : await loadConfig(where ?? '.');
  const folder = mkdtempSync(join(tmpdir(), 'kassa-try-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const port = await anyFreePort();
    const environment = { PORT: String(port), KASSA_SANDBOX_PORT: '0', KASSA_DATA_DIR: join(folder, 'shop') };
    const shop = await startShop({ loaded: atHome(loaded), environment, folder, world });
    const close = async (): Promise<void> => {
      await shop.kassa.stop();
      remove();
    };
    return { url: `http://127.0.0.1:${shop.port}`, shop, close };
  } catch (error) {
    remove();
    throw error;
  }
}

function small(): LoadedConfig {
  return { config: SMALL_SHOP, hooks: { on: {}, before: {} }, file: 'kassa.config.ts', hooks_file: null };
}

function hasConfig(folder: string): boolean {
  return readdirSync(folder).some((name) => name.startsWith('kassa.config.'));
}

/** Play money, a database of its own, mail that stays here: whatever the shop is connected to, this copy is not. */
function atHome(loaded: LoadedConfig): LoadedConfig {
  const { stripe: _stripe, database: _database, notify: _notify, ...config } = loaded.config;
  return { ...loaded, config };
}
