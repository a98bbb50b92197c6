// Goal: a mistake in kassa.config.ts is red in the editor, before anything runs.
// Method: the real compiler, once, over a file of good and bad programs; each bad line must be an error, and each
// good one must not be.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const GOOD_AND_BAD = `
import { appointment, bundle, customAmount, defineHooks, defineKassa, item, money, pack, plan, smtp, ticket, usd } from '${at('../../index.ts')}';
const seller = { name: 'Blue Hall', email: 'tickets@bluehall.test', country: 'US' };
const lakers = ticket({ name: 'Lakers', price: usd('100.00'), hold: '30m', whenLate: 'rehold-or-refund' });
const massage = appointment({ name: 'Massage', price: [usd('100.00'), money('90.00', 'eur')], duration: '60m', externalId: 123 });
export const config = defineKassa({
  currency: 'usd', seller,
  catalog: {
    lakers, massage,
    massage5: bundle({ name: '5 massages', price: usd('450.00'), credits: { massage: 5 }, expires: '12mo' }),
    retreat: pack({ name: 'Retreat', price: usd('390.00'), includes: { massage: 2, lakers: 1 }, optional: { board: 1 } }),
    season: plan({ name: 'Season', price: usd('39.00'), every: 'month', trial: '14d' }),
    board: item({ name: 'Board', price: usd('2.00') }),
    gift: customAmount({ name: 'Gift', min: usd('5.00'), max: usd('500.00') }),
  },
  coupons: { EARLY10: { percentOff: 10, only: ['lakers'], until: '2026-12-31', limit: 50 } },
  database: process.env.DATABASE_URL,
  stripe: { secretKey: process.env.STRIPE_SECRET_KEY },
  notify: { email: smtp(process.env.SMTP_URL) },
  origins: ['https://bluehall.test'],
  contracts: { 'hosted-checkout': true, 'embedded-checkout': { product: 'board', returnPath: '/hero-me' } },
  workflows: 'timers',
});
export const hooks = defineHooks(config, {
  on: {
    'order.paid': async ({ order, once, commit }) => {
      for (const line of order.lines) if (line.product === 'lakers') await once('seat:' + line.id, ({ idempotency_key }) => idempotency_key);
      await commit(async (tx) => { await tx.sql('insert into guests (order_id) values ($1)', [order.id]); });
    },
  },
  before: { 'checkout.create': ({ items, customer, refuse }) => {
    if (items.some((each) => each.product === 'season') && !customer.email_verified) refuse('email_unverified', 'Confirm first.');
  } },
});
/* BAD a number is not an exact price */ usd(100);
/* BAD no price at all */ item({ name: 'x' });
/* BAD a float as a price */ item({ name: 'x', price: 19.99 });
/* BAD a misspelt setting of an offer */ ticket({ name: 'x', price: usd('1.00'), maxPerOder: 8 });
/* BAD a duration without a unit */ ticket({ name: 'x', price: usd('1.00'), hold: '30' });
/* BAD a duration as a number */ ticket({ name: 'x', price: usd('1.00'), hold: 30 });
/* BAD an unknown policy */ ticket({ name: 'x', price: usd('1.00'), whenLate: 'rehold' });
/* BAD an appointment without a length */ appointment({ name: 'x', price: usd('1.00') });
/* BAD a plan without a rhythm */ plan({ name: 'x', price: usd('1.00') });
/* BAD a bundle of a product that is not there */ defineKassa({ seller, catalog: { massage, b: bundle({ name: 'x', price: usd('1.00'), credits: { masage: 5 } }) } });
/* BAD a package of a product that is not there */ defineKassa({ seller, catalog: { lakers, p: pack({ name: 'x', price: usd('1.00'), includes: { laker: 1 } }) } });
/* BAD an optional part that is not there */ defineKassa({ seller, catalog: { lakers, p: pack({ name: 'x', price: usd('1.00'), includes: { lakers: 1 }, optional: { bord: 1 } }) } });
/* BAD a coupon for a product that is not there */ defineKassa({ seller, catalog: { lakers }, coupons: { A: { percentOff: 1, only: ['laker'] } } });
/* BAD a contract that sells a product that is not there */ defineKassa({ seller, catalog: { lakers }, contracts: { 'embedded-checkout': { product: 'lacers' } } });
/* BAD a contract that does not exist */ defineKassa({ seller, catalog: { lakers }, contracts: { 'hosted-chekout': true } });
/* BAD a misspelt setting of a contract */ defineKassa({ seller, catalog: { lakers }, contracts: { 'hosted-checkout': { succesUrl: '/x' } } });
/* BAD an unknown setting */ defineKassa({ seller, catalog: { lakers }, curency: 'usd' });
/* BAD no seller */ defineKassa({ catalog: { lakers } });
/* BAD something that no builder made */ defineKassa({ seller, catalog: { lakers: { name: 'x', price: 100 } } });
/* BAD an event that does not exist */ defineHooks(config, { on: { 'order.payed': async () => {} } });
/* BAD a comparison with a product that is not there */ defineHooks(config, { on: { 'order.paid': ({ order }) => { order.lines.some((line) => line.product === 'laker'); } } });
/* BAD a gate that looks for a product that is not there */ defineHooks(config, { before: { 'checkout.create': ({ items }) => { items.some((each) => each.product === 'seson'); } } });
`;

test('misspelt products, number prices and unknown settings do not compile; the documented sample does', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kassa-types-'));
  try {
    writeFileSync(join(folder, 'shop.ts'), GOOD_AND_BAD);
    const compilerOptions = { typeRoots: [at('../../../../../node_modules/@types')] };
    const settings = { extends: at('../../../../../tsconfig.base.json'), compilerOptions, files: ['shop.ts'] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(settings));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    const compiler = at('../../../../../node_modules/.bin/tsc');
    const { stdout } = spawnSync(compiler, ['-p', folder, '--pretty', 'false'], { encoding: 'utf8', cwd: folder });
    const found = new Set([...stdout.matchAll(/^shop\.ts\((\d+),/gm)].map(([, line]) => Number(line)));
    const lines = GOOD_AND_BAD.split('\n');
    const bad = lines.flatMap((line, index) => (line.startsWith('/* BAD') ? [index + 1] : []));
    const text = (numbers: Iterable<number>): string[] =>
      [...numbers].sort((a, b) => a - b).map((n) => lines[n - 1] ?? '');
    expect(stdout).not.toMatch(/^(?!shop\.ts|\s|$)/m);
    expect(text(found)).toEqual(text(bad));
    expect(bad).toHaveLength(22);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
