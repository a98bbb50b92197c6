import { chownSync, existsSync, lstatSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EmbeddedRefusal } from './refusal.ts';

/** The user that Postgres runs as. Root is refused by Postgres itself, so root becomes somebody else for it. */
export interface Runner {
  drops_root: boolean;
  uid: number;
  gid: number;
}

/**
 * Who may run the server on `data`: we ourselves, unless we are root. Then the owner that the data folder already has,
 * else the user `postgres`, else `nobody`. No user is ever created.
 * @throws EmbeddedRefusal when the data belongs to another user, or root finds nobody to become.
 */
export function chooseRunner(data: string): Runner {
  // Windows has no numeric users; Postgres drops an administrator's rights there by itself.
  const uid = process.getuid?.() ?? -1;
  const gid = process.getgid?.() ?? -1;
  const owner = existsSync(data) ? statSync(data) : undefined;
  if (uid !== 0) {
    if (uid !== -1 && owner && owner.uid !== uid) {
      throw new EmbeddedRefusal(
        `The data folder ${data} belongs to another user (${nameOf(owner.uid)}): start Kassa as that user or as root, ` +
          'or set KASSA_DATA_DIR to a folder of your own.',
      );
    }
    return { drops_root: false, uid, gid };
  }
  if (owner && owner.uid !== 0) return { drops_root: true, uid: owner.uid, gid: owner.gid };
  for (const name of ['postgres', 'nobody']) {
    const found = users().find((user) => user.name === name);
    if (found) return { drops_root: true, uid: found.uid, gid: found.gid };
  }
  throw new EmbeddedRefusal(
    'Postgres does not run as root and this system has neither a user postgres nor nobody: ' +
      'start Kassa as an ordinary user, or set DATABASE_URL.',
  );
}

function users(): { name: string; uid: number; gid: number }[] {
  if (!existsSync('/etc/passwd')) return [];
  return (
    readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .filter((fields) => fields.length >= 4)
      // Negative numbers are how macOS writes the last user ids.
      .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 }))
  );
}

function nameOf(uid: number): string {
  return users().find((user) => user.uid === uid)?.name ?? `uid ${uid}`;
}

/** Gives a file, or a folder with all that is in it, to the runner. Only root can, and only root needs it. */
export function giveTo(runner: Runner, path: string): void {
  if (!runner.drops_root) return;
  const entry = lstatSync(path);
  if (entry.isSymbolicLink()) return;
  if (entry.uid !== runner.uid || entry.gid !== runner.gid) chownSync(path, runner.uid, runner.gid);
  if (entry.isDirectory()) for (const name of readdirSync(path)) giveTo(runner, join(path, name));
}

/** Whether the runner can walk down to a folder. A repository under /root, or a `mktemp -d`, cannot be entered. */
export function canReach(folder: string, runner: Runner): boolean {
  let at = realpathSync(folder);
  for (;;) {
    const { mode, uid, gid } = statSync(at);
    const enter = uid === runner.uid ? 0o100 : gid === runner.gid ? 0o010 : 0o001;
    if ((mode & enter) === 0) return false;
    const above = dirname(at);
    if (above === at) return true;
    at = above;
  }
}
