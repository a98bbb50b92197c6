// Goal: the same program with a Stripe key and a database of its own is a server: no sandbox, no developer's pages, one
// JSON object per log line, and a stop that lets a buyer's request finish.
// Method: the real command as a child process on a database of this run. Nothing is asked of Stripe: no order waits.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { anyFreePort } from '../../src/cli/ports.ts';
import { type FreshDatabase, freshDatabase } from '../setup/database.ts';
import { BLUE_HALL, kassa } from './kassa-process.ts';

let folder: string;
let fresh: FreshDatabase;
let env: Record<string, string>;
let url: string;
const LONG_MS = 120_000;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kassa-start-'));
  fresh = await freshDatabase();
  const port = await anyFreePort();
  url = `http://127.0.0.1:${port}`;
  env = {
    PORT: String(port),
    KASSA_DATA_DIR: join(folder, 'shop'),
    DATABASE_URL: fresh.url,
    STRIPE_SECRET_KEY: 'sk_test_abcd1234',
    STRIPE_WEBHOOK_SECRET: 'whsec_abcd1234',
    FRONTEND_URL: 'https://shop.example',
  };
});
afterAll(async () => {
  await fresh.drop();
  rmSync(folder, { recursive: true, force: true });
});

test(
  'with a Stripe key there is no sandbox and no page for developers, and it stops cleanly',
  async () => {
    const shop = kassa(['start', '--config', BLUE_HALL], { cwd: folder, env });
    expect(await shop.line(/ready in/)).toMatch(/^kassa \d.* {5}mode TEST: Stripe$/);
    expect(shop.out()).not.toMatch(/Sandbox|Orders|Inbox/);
    const ready = await fetch(`${url}/readyz`);
    expect(await ready.json()).toMatchObject({ ready: true, mode: 'test' });
    for (const path of ['/admin/orders', '/admin/inbox', '/_sandbox'])
      expect((await fetch(url + path)).status).toBe(404);
    const forged = await fetch(`${url}/payments/webhook`, { method: 'POST', body: '{}' });
    expect([forged.status, await forged.text()]).toEqual([400, 'Webhook Error: missing Stripe-Signature header']);
    const second = kassa(['start', '--config', BLUE_HALL], { cwd: folder, env });
    expect(await second.ended).toBe(3);
    expect(second.err()).toContain('is taken');
    shop.child.kill('SIGINT');
    expect(await shop.ended).toBe(0);
    expect(shop.out()).toMatch(/\nstopped\n$/);
    for (const line of shop.err().trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('message');
    expect(shop.err()).not.toMatch(/sk_test_abcd1234|whsec_abcd1234/);
  },
  LONG_MS,
);

test(
  'an error that nobody caught ends the process with its own code, and its stack is in the log',
  async () => {
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    writeFileSync(
      join(folder, 'kassa.config.mjs'),
      "export default { seller: { name: 'A', email: 'a@example.com' }, currency: 'usd', catalog: {} };",
    );
    // A shop's own code that forgets to wait: it throws where no caller is left, as soon as the shop listens for it.
    writeFileSync(
      join(folder, 'kassa.hooks.mjs'),
      `const waiting = setInterval(() => {
        if (process.listenerCount('uncaughtException') === 0) return;
        clearInterval(waiting);
        throw new Error('nobody waits for me');
      }, 5);
      export default { on: {} };`,
    );
    const shop = kassa(['start'], { cwd: folder, env });
    expect(await shop.ended).toBe(70);
    expect(shop.err()).toContain('nobody caught this error, so the process ends');
    expect(shop.err()).toMatch(/nobody waits for me[\s\S]*kassa\.hooks\.mjs:\d+/);
  },
  LONG_MS,
);
