import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import Stripe from 'stripe';
import { createSandbox, type Sandbox, virtualClock } from '../src/index.ts';
import { held, type Measured, MIB, median, round } from './measure.ts';

const OBJECTS = 10_000;

function storeSize(sandbox: Sandbox): number {
  const { database } = sandbox.world;
  const pages = Number(database.one('pragma page_count')?.page_count ?? 0);
  return (pages * Number(database.one('pragma page_size')?.page_size ?? 0)) / MIB;
}

function countObjects(sandbox: Sandbox): number {
  return Number(sandbox.world.database.one('select count(*) as n from objects')?.n ?? 0);
}

/** What ten thousand objects cost, and whether a call costs more when they are there. */
async function measure(scale: number): Promise<Measured[]> {
  const sandbox = createSandbox({ clock: virtualClock(Date.UTC(2026, 10, 21)) });
  const stripe = sandbox.stripe(Stripe);
  const pay = (): Promise<unknown> =>
    stripe.paymentIntents.create({
      amount: 2500,
      currency: 'usd',
      confirm: true,
      payment_method: 'pm_card_visa',
      automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
    });
  const few = await median('payment intent, almost empty store', { warm: 200, measured: 300 }, pay);
  const before = { ...held(), store: storeSize(sandbox), objects: countObjects(sandbox) };
  while (countObjects(sandbox) - before.objects < OBJECTS * scale) {
    for (let call = 0; call < 100; call++) await pay();
  }
  const after = { ...held(), store: storeSize(sandbox), objects: countObjects(sandbox) };
  const many = await median('payment intent, full store', { warm: 50, measured: 300 }, pay);
  await sandbox.close();
  const each = OBJECTS / (after.objects - before.objects);
  const per = (name: 'heap' | 'process' | 'store'): number => round((after[name] - before[name]) * each);
  const note = 'payments: intents, charges, balance transactions and their events';
  return [
    { name: 'store per 10,000 objects', value: per('store'), unit: 'MiB', note },
    { name: 'process per 10,000 objects', value: per('process'), unit: 'MiB' },
    { name: 'JavaScript heap per 10,000 objects', value: per('heap'), unit: 'MiB' },
    few,
    { ...many, note: `${after.objects} objects; ${many.note}` },
  ];
}

/** The same in a process that has done nothing else, since one that has given memory back takes it again unnoticed. */
export function memory(scale: number): Measured[] {
  const args = [fileURLToPath(import.meta.url), String(scale)];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Measured[];
}

if (import.meta.main) process.stdout.write(JSON.stringify(await measure(Number(process.argv[2]))));
