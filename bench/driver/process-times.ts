import { existsSync, readFileSync } from 'node:fs';

/** The kernel counts in hundredths of a second, so a slice must last two seconds or more to mean something. */
const TICK_US = 10_000;
const HAS_PROC = existsSync('/proc/self/stat');

/** CPU that a process has used so far, all of its threads, in microseconds. Null where there is no /proc. */
export function cpuOf(pid: number): number | null {
  const times = timesOf(pid);
  return times && (times.user + times.system) * TICK_US;
}

/**
 * CPU of a whole Postgres in microseconds: the postmaster, every child that lives, and those that have ended, which it
 * has taken over. Null where there is no /proc.
 */
export function cpuOfPostgres(postmaster: number): number | null {
  const own = timesOf(postmaster);
  if (own === null) return null;
  const living = childrenOf(postmaster).reduce((sum, pid) => sum + (cpuOf(pid) ?? 0), 0);
  return (own.user + own.system + own.ended) * TICK_US + living;
}

/** Resident memory in megabytes (10^6 bytes). Null where there is no /proc. */
export function rssOf(pid: number): number | null {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`) ?? '');
  return found ? (Number(found[1]) * 1_024) / 1_000_000 : null;
}

/** The load of the last minute; null where the system does not tell. */
export function loadNow(): number | null {
  const text = read('/proc/loadavg');
  return text === null ? null : Number(text.split(' ')[0]);
}

interface Times {
  readonly user: number;
  readonly system: number;
  /** Of children that have ended and were waited for. */
  readonly ended: number;
}

function timesOf(pid: number): Times | null {
  const text = read(`/proc/${pid}/stat`);
  if (text === null) return null;
  // The name in brackets may hold anything, so counting begins behind it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const at = (place: number): number => Number(fields[place - 3] ?? 0);
  return { user: at(14), system: at(15), ended: at(16) + at(17) };
}

function childrenOf(pid: number): number[] {
  const text = read(`/proc/${pid}/task/${pid}/children`);
  return text === null ? [] : text.split(' ').filter(Boolean).map(Number);
}

/** A process may end between being listed and being read. */
function read(path: string): string | null {
  if (!HAS_PROC) return null;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}
