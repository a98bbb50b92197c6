// stripe-sync-engine as its page says to serve it: `processWebhook` behind one route of Fastify, as R is. The package is
// the one that stands in the folder of peers; nothing of it is in this repository.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import Fastify from 'fastify';

/** What is used of it. */
interface Engine {
  readonly StripeSync: new (config: object) => Sync;
  readonly runMigrations: (config: object) => Promise<void>;
}
interface Sync {
  /** Stripe's client, which knows no other address by itself. */
  stripe: unknown;
  processWebhook(raw: Buffer, signature: string | undefined): Promise<void>;
}
type StripeClient = new (key: string, config: object) => unknown;

const { BENCH_PEER_FOLDER, BENCH_DATABASE_URL = '', BENCH_STRIPE_PORT, BENCH_SECRET = '' } = process.env;
const requirePeer = createRequire(join(BENCH_PEER_FOLDER ?? '', 'package.json'));
const { StripeSync, runMigrations } = requirePeer('@supabase/stripe-sync-engine') as Engine;
const loaded = requirePeer('stripe') as StripeClient & { readonly default?: StripeClient };
const Stripe = loaded.default ?? loaded;

// It tells of a failure in its log alone, and goes on without tables.
const quiet = (): void => undefined;
const logger = { info: quiet, warn: quiet, debug: quiet, error: (...told: unknown[]) => console.error(...told) };
await runMigrations({ databaseUrl: BENCH_DATABASE_URL, schema: 'stripe', logger });
const sync = new StripeSync({
  stripeSecretKey: 'sk_test_bench',
  stripeWebhookSecret: BENCH_SECRET,
  backfillRelatedEntities: false,
  autoExpandLists: false,
  poolConfig: { connectionString: BENCH_DATABASE_URL, max: 10 },
});
const port = Number(BENCH_STRIPE_PORT);
sync.stripe = new Stripe('sk_test_bench', { host: '127.0.0.1', port, protocol: 'http', telemetry: false });

const app = Fastify({ logger: false });
app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
app.post('/webhook', async (request) => {
  await sync.processWebhook(request.body as Buffer, String(request.headers['stripe-signature']));
  return { received: true };
});

await app.listen({ host: '127.0.0.1', port: 0 });
const address = app.server.address();
process.on('SIGTERM', () => process.exit(0));
process.send?.({ ready: true, port: typeof address === 'object' ? address?.port : 0 });
