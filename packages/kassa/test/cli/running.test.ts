// Goal: a data folder has one shop at a time, whatever a killed one left behind.
// Method: the claim on real files and real process numbers; time is quick.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { claimRunning } from '../../src/cli/shop-process/running.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { systemHttp } from '../../src/system.ts';
import { realClock, realIds, realRandom } from '../setup/world.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kassa-running-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const clock = { now: realClock.now, sleep: () => realClock.sleep(0) };
const world = { clock, random: realRandom, ids: realIds, log: silentLog, http: systemHttp() };
const file = () => join(folder, 'running.json');
const leave = (pid: number, url: string | null) => writeFileSync(file(), JSON.stringify({ pid, url }));
/** Alive as long as this test, and never a shop. */
const SOMEBODY = process.ppid;
/** No process has this number: Linux stops at 4194304. */
const NOBODY = 4_999_999;

async function isOurs(): Promise<boolean> {
  const claim = await claimRunning(folder, world);
  if ('url' in claim) return false;
  expect(JSON.parse(readFileSync(file(), 'utf8'))).toEqual({ pid: process.pid, url: null, sandbox_url: null });
  const urls = { url: 'http://localhost:1', sandbox_url: 'http://localhost:2' };
  claim.announce(urls.url, urls.sandbox_url);
  expect(JSON.parse(readFileSync(file(), 'utf8'))).toEqual({ pid: process.pid, ...urls });
  claim.release();
  expect(existsSync(file())).toBe(false);
  return true;
}

test('a fresh folder, a dead owner, a reused number and a torn note are all free to take', async () => {
  expect(await isOurs()).toBe(true);
  leave(NOBODY, 'http://localhost:1');
  expect(await isOurs()).toBe(true);
  leave(process.pid, 'http://localhost:1');
  expect(await isOurs()).toBe(true);
  writeFileSync(file(), '{"pid":');
  expect(await isOurs()).toBe(true);
  // Alive, but no shop answers at its address: the number was given to another program.
  leave(SOMEBODY, 'http://127.0.0.1:9');
  expect(await isOurs()).toBe(true);
});

test('a shop that answers keeps its folder', async () => {
  const server = createServer((_, answer) => answer.end('{"live":true}'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  leave(SOMEBODY, url);
  expect(await claimRunning(folder, world)).toEqual({ url });
  expect(JSON.parse(readFileSync(file(), 'utf8'))).toEqual({ pid: SOMEBODY, url });
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test('a start that never finishes is told about, not taken over', async () => {
  leave(SOMEBODY, null);
  await expect(claimRunning(folder, world)).rejects.toMatchObject({ code: 3 });
  expect(existsSync(file())).toBe(true);
});
