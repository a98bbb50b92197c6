import { Client } from 'pg';
import type { Clock } from '../../kernel/clock.ts';
import type { Log } from '../../kernel/log.ts';
import { OWNER } from './cluster.ts';

/** Marks the sessions that say "this server is in use". */
const APPLICATION_NAME = 'kassa launcher';
const CONNECT_TIMEOUT_MS = 5_000;
const RETURN_EVERY_MS = 500;
const RETURN_TRIES_MAX = 240;
const GRACE_MS = 200;

/**
 * The lease on an embedded server: one idle session per process that uses it. The server itself ends the session of a
 * process that dies, so a lease never has to be guessed stale, and an orphan without leases may be stopped by anyone.
 */
export interface Presence {
  /** Ends the lease; answers whether other processes still hold theirs, as far as the server could be asked. */
  leave(): Promise<'alone' | 'others' | 'unanswered'>;
}

export function addressOf(port: number, password: string, database: string): string {
  return `postgres://${OWNER}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
}

/** A session of the maintenance database, whose loss is told to `lost` instead of ending the process. */
export async function connectTo(port: number, password: string, lost: () => void = () => undefined): Promise<Client> {
  const client = new Client({
    connectionString: addressOf(port, password, 'postgres'),
    application_name: APPLICATION_NAME,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  client.on('error', lost);
  try {
    await client.connect();
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
  return client;
}

/** Takes up the lease, and takes it up again when the session is cut, until `leave` is called. */
export function stayPresent(
  first: Client,
  reconnect: (lost: () => void) => Promise<Client>,
  { clock, log }: { clock: Clock; log: Log },
): Presence {
  let client: Client | undefined = first;
  let left = false;
  const comeBack = async (): Promise<void> => {
    if (left || !client) return;
    client = undefined;
    for (let tries = 0; tries < RETURN_TRIES_MAX && !left && !client; tries += 1) {
      await clock.sleep(RETURN_EVERY_MS);
      client = await reconnect(lost).catch((error: unknown) => {
        log.debug({ error: String(error) }, 'the embedded Postgres does not answer its launcher');
        return undefined;
      });
    }
    if (left) await client?.end();
    else if (client) setIdle(client, true);
  };
  const lost = (): void => void comeBack();
  first.on('error', lost);
  setIdle(first, true);
  return {
    async leave() {
      left = true;
      let session = client;
      client = undefined;
      try {
        // A lease that is cut off just now says nothing about the others: they are counted on a new session.
        session ??= await reconnect(() => undefined);
        setIdle(session, false);
        // A process killed a moment ago may still be counted: ask twice before believing in company.
        if ((await countOthers(session)) === 0) return 'alone';
        await clock.sleep(GRACE_MS);
        return (await countOthers(session)) === 0 ? 'alone' : 'others';
      } catch (error) {
        log.debug({ error: String(error) }, 'the embedded Postgres did not answer when it was left');
        return 'unanswered';
      } finally {
        await session?.end().catch(() => undefined);
      }
    },
  };
}

/** An idle lease lets a process end that has nothing else to do; one that is asked something must be waited for. */
function setIdle(client: Client, idle: boolean): void {
  // Both exist since pg 8.5; its type declarations have not followed.
  const socket = client as Client & { ref(): void; unref(): void };
  if (idle) socket.unref();
  else socket.ref();
}

async function countOthers(session: Client): Promise<number> {
  const { rows } = await session.query<{ others: string }>(
    'select count(*) as others from pg_stat_activity where application_name = $1 and pid <> pg_backend_pid()',
    [APPLICATION_NAME],
  );
  return Number(rows[0]?.others ?? 0);
}
