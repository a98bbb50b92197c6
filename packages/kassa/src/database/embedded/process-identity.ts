import { readFileSync, readlinkSync } from 'node:fs';

/**
 * A process as a line that outlives it: its number and, where the system tells, when it began. Numbers are used again,
 * so the number alone would one day name a stranger.
 */
export function identityOf(pid: number): string {
  return `${pid} ${startOf(pid) ?? 'unknown'}`;
}

/** Whether the process that an `identityOf` line names still runs. */
export function isAlive(identity: string): boolean {
  const [number = '', start] = identity.trim().split(' ');
  const pid = Number(number);
  if (!Number.isSafeInteger(pid) || pid <= 0 || !exists(pid)) return false;
  const now = startOf(pid);
  return start === undefined || start === 'unknown' || now === undefined || now === start;
}

/** Whether the system knows a process of this number, whoever owns it. */
export function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // "Not permitted" means that there is one, of another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Where a process works, or undefined when it has ended or the system does not tell (only Linux does). */
export function workingFolderOf(pid: number): string | undefined {
  return quietly(() => readlinkSync(`/proc/${pid}/cwd`));
}

/** Ticks between the boot of the computer and the start of the process: field 22 of proc(5)'s stat. */
function startOf(pid: number): string | undefined {
  const stat = quietly(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  // The second field is the program's name in brackets and may hold spaces: count from behind it.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

function quietly<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    // A process that ended while being looked at, or a system without /proc: both are answered with "not known".
    return undefined;
  }
}
