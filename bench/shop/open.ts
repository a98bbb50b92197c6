// Kassa as it is measured: the whole server with its own database, HTTP on a port, and Stripe's address led to the stub.
// What is not as in production: how often one caller may ask is unlimited, because all load comes from one address.
import { fileURLToPath } from 'node:url';
import { createKassa } from '../../packages/kassa/src/app.ts';
import { settleDown } from '../../packages/kassa/src/cli/shop-process/settle-down.ts';
import { loadConfig, readSettings } from '../../packages/kassa/src/config.ts';
import { sameLimits } from '../../packages/kassa/src/http/limits.ts';
import type { Http, Leaving } from '../../packages/kassa/src/kernel/http.ts';
import { idsFrom, systemClock, systemHttp, systemLog, systemRandom } from '../../packages/kassa/src/system.ts';
import { AUTH_SECRET, ORIGIN, type ShopWish, WEBHOOK_SECRET } from './wish.ts';

const wish = JSON.parse(process.env.BENCH_SHOP ?? '{}') as ShopWish;
const here = fileURLToPath(new URL('./', import.meta.url));

/** Stripe's name is led to the stub; method, path, headers and bytes stay as they are. */
function httpToStub(port: number): Http {
  const real = systemHttp();
  const led = (url: string): string => {
    const { pathname, search } = new URL(url);
    return `http://127.0.0.1:${port}${pathname}${search}`;
  };
  const send = (request: Request, leaving?: Leaving): Promise<Response> => {
    // In place: a second request made of the first would lead its body through streams, which no shop does.
    Object.defineProperty(request, 'url', { value: led(request.url) });
    return real(request, leaving);
  };
  const post: Http['post'] = (call, leaving) => real.post({ ...call, url: led(call.url) }, leaving);
  return Object.assign(send, { post });
}

const clock = systemClock();
const random = systemRandom();
const { config, hooks } = await loadConfig(here);
const environment = {
  PORT: '0',
  NODE_ENV: 'production',
  DATABASE_URL: wish.database_url,
  KASSA_DATA_DIR: wish.folder,
  KASSA_AUTH_SECRET: AUTH_SECRET,
  STRIPE_SECRET_KEY: 'sk_test_bench',
  STRIPE_WEBHOOK_SECRET: WEBHOOK_SECRET,
  FRONTEND_URL: ORIGIN,
};
const settings = readSettings(config, environment, { folder: here });
const world = {
  clock,
  random,
  ids: idsFrom(clock, random),
  log: systemLog({ level: 'error' }),
  http: httpToStub(wish.stripe_port),
};
const kassa = await createKassa(settings, hooks, world, {
  version: 'bench',
  site_folder: null,
  serve_sandbox: false,
  run_workers: wish.workers,
  limits: sameLimits([]),
  batches: wish.batches,
  ...(wish.within_stripe_limits ? {} : { stripe_rates: { overall_per_s: 100_000, endpoint_per_s: 100_000 } }),
});
const { port } = await kassa.listen();
process.on('SIGTERM', async () => {
  await kassa.stop();
  process.exit(0);
});
process.send?.({ ready: true, port });
await settleDown(world, new AbortController().signal);
