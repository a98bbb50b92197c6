// One set-up at a time in one folder: `npm start` in one terminal and `npm test` in another, both as the first command
// after a clone, must not delete each other's half-written node_modules. Making a folder is atomic on every system.
import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const BEAT_MS = 2_000;
const SILENT_MS = 30_000;

/**
 * Waits until this process alone may set up, runs `work`, and lets the next one in.
 * @param {string} folder the lock folder; its parent exists
 * @param {(owner: string) => void} onWait called once when another set-up is running
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 * @template T
 */
export async function alone(folder, onWait, work) {
  let told = false;
  while (!taken(folder)) {
    if (abandoned(folder)) {
      breakLock(folder);
      continue;
    }
    if (!told) onWait(ownerOf(folder).pid);
    told = true;
    await sleep(300);
  }
  const beat = setInterval(() => touch(folder), BEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    rmSync(folder, { recursive: true, force: true });
  }
}

function taken(folder) {
  try {
    mkdirSync(folder);
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
  writeFileSync(join(folder, 'owner'), `${hostname()}\n${process.pid}\n`);
  return true;
}

function ownerOf(folder) {
  try {
    const [host = '', pid = ''] = readFileSync(join(folder, 'owner'), 'utf8').split('\n');
    return { host, pid };
  } catch (error) {
    // Between mkdir and the owner file, or just released: unknown, and judged by age alone.
    if (error.code === 'ENOENT') return { host: '', pid: '' };
    throw error;
  }
}

/** A lock is abandoned when its process is gone, or, where that cannot be asked (a container), when it fell silent. */
function abandoned(folder) {
  const { host, pid } = ownerOf(folder);
  if (host === hostname() && pid !== '') return !alive(Number(pid));
  const age_ms = Date.now() - lastBeat(folder);
  return age_ms > SILENT_MS;
}

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function lastBeat(folder) {
  try {
    return statSync(folder).mtimeMs;
  } catch (error) {
    if (error.code === 'ENOENT') return Date.now();
    throw error;
  }
}

function touch(folder) {
  const now = new Date();
  try {
    utimesSync(folder, now, now);
  } catch (error) {
    // The folder was removed by hand while we work; finishing is still right, and the stamp is what counts.
    if (error.code !== 'ENOENT') throw error;
  }
}

/** Two waiters may both see the dead owner; only the one that makes the `.break` folder may remove the lock. */
function breakLock(folder) {
  const gate = `${folder}.break`;
  try {
    mkdirSync(gate);
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    if (Date.now() - lastBeat(gate) > SILENT_MS) rmSync(gate, { recursive: true, force: true });
    return;
  }
  try {
    if (abandoned(folder)) rmSync(folder, { recursive: true, force: true });
  } finally {
    rmSync(gate, { recursive: true, force: true });
  }
}
