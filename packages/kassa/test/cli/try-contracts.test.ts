// Goal: `kassa try --contract all` says yes only when a purchase through each of the five contracts really went through.
// Method: the command itself in a folder without a shop, as a process of its own, with the small shop that it makes.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kassa } from './kassa-process.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kassa-try-all-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const CONTRACTS = ['hosted-checkout', 'ticket-order', 'booking-checkout', 'chat-payments', 'embedded-checkout'];

test('one purchase through each contract, each step told as an object, and an end without complaint', async () => {
  const run = kassa(['try', '--contract', 'all', '--json'], { cwd: folder });
  expect([await run.ended, run.err()]).toEqual([0, '']);
  const lines = run
    .out()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { what: string; ok?: boolean; contract?: string });
  expect(lines.filter(({ what }) => what === 'contract').map(({ contract }) => contract)).toEqual(CONTRACTS);
  expect(lines.filter(({ what }) => what === 'summary')).toHaveLength(CONTRACTS.length);
  expect(lines.filter(({ ok }) => ok === false)).toEqual([]);
}, 240_000);

test('a contract that does not exist is said, with those that do', async () => {
  const run = kassa(['try', '--contract', 'barter'], { cwd: folder });
  expect([await run.ended, run.err()]).toEqual([2, expect.stringContaining(CONTRACTS.join(', '))]);
}, 120_000);
