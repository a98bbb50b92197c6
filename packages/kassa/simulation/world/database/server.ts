import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { discardEmbedded, startEmbedded } from '../../../src/database/embedded/index.ts';
import type { Clock } from '../../../src/kernel/clock.ts';
import type { Log } from '../../../src/kernel/log.ts';
import type { Random } from '../../../src/kernel/random.ts';

export interface Real {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Nothing survives here, so nothing is made durable. */
const SETTINGS = {
  synchronous_commit: 'off',
  full_page_writes: 'off',
  autovacuum: 'off',
  max_connections: '40',
  jit: 'off',
};

/** A server for this process alone. It is spoken to over a socket in the file system, a third faster than loopback. */
export async function startServer(real: Real): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'kassa-simulation-'));
  const sockets = join(folder, 'sockets');
  const hba_file = join(folder, 'hba.conf');
  mkdirSync(sockets);
  writeFileSync(hba_file, 'local all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n');
  // The server may run as another user than we do. The folder has a name that nobody guesses, and a password.
  for (const path of [folder, hba_file]) chmodSync(path, 0o755);
  chmodSync(sockets, 0o777);
  const settings = { ...SETTINGS, hba_file, unix_socket_directories: sockets };
  const server = await startEmbedded({ ...real, folder: join(folder, 'postgres'), fsync: false, settings });
  const url = new URL(server.url);
  url.searchParams.set('host', sockets);
  return {
    url: url.href,
    async stop() {
      await server.stop();
      await discardEmbedded(join(folder, 'postgres'), real);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
