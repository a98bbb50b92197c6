import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createKassa, type Kassa, type World } from '../../src/app.ts';
import { anyFreePort } from '../../src/cli/ports.ts';
import { loadConfig, readSettings, type Settings } from '../../src/config.ts';
import { sameLimits } from '../../src/http/limits.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { systemHttp } from '../../src/system.ts';
import { freshDatabase } from './database.ts';
import { realClock, realIds, realRandom } from './world.ts';

const EXAMPLES = fileURLToPath(new URL('../../../../examples/', import.meta.url));

/** All visitors of a test come from one computer; the limits have tests of their own. */
const ROOMY = sameLimits([{ count: 10_000, per_ms: 60_000 }]);

/** A shop as `npm start` opens it: real time, real sockets, workers, the sandbox's pages on a port of their own. */
export interface OpenShop {
  readonly url: string;
  readonly kassa: Kassa;
  readonly settings: Settings;
  readonly world: World;
  close(): Promise<void>;
}

export const openBlueHall = (): Promise<OpenShop> => openExample('blue-hall');

export async function openExample(name: 'blue-hall' | 'tickets' | 'embedded' | 'bookings'): Promise<OpenShop> {
  const example = join(EXAMPLES, name);
  const fresh = await freshDatabase();
  const folder = mkdtempSync(join(tmpdir(), 'kassa-browser-'));
  const port = await anyFreePort();
  const { config, hooks } = await loadConfig(example);
  const environment = { KASSA_DATA_DIR: folder, DATABASE_URL: fresh.url, PORT: String(port), KASSA_SANDBOX_PORT: '0' };
  const settings = readSettings(config, environment, { folder: example });
  const world: World = { clock: realClock, random: realRandom, ids: realIds, log: silentLog, http: systemHttp() };
  const site_folder = join(example, 'pages');
  const options = { version: '0.1.0', site_folder, serve_sandbox: true, run_workers: true, limits: ROOMY };
  const kassa = await createKassa(settings, hooks, world, options);
  await kassa.listen();
  return {
    url: `http://127.0.0.1:${port}`,
    kassa,
    settings,
    world,
    async close() {
      await kassa.stop();
      await fresh.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
