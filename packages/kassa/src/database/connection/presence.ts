import { Client } from 'pg';
import { sqlstateOf } from '../faults.ts';
import type { Database, DatabaseWorld } from '../transaction.ts';
import { NO_LIMITS, withSettings } from './settings.ts';

/** First half of the key of the lock; `kassa.present()` asks for the same. */
const LOCK_CLASS = 4_713_150;
const NUMBER_MAX = 2 ** 31 - 1;
const CONNECT_WAIT_MS = 5_000;
const RETURN_EVERY_MS = 500;
/** Nothing is ever said on this session, and what stands between forgets silent ones within minutes. */
const KEEP_ALIVE_MS = 20_000;

/** That a process is there, as everybody who shares its database can see it. */
export interface Presence {
  /** Resolves when the session stands, or could not be had at once. */
  readonly tried: Promise<void>;
  leave(): Promise<void>;
}

const numbers = new WeakMap<Database, number>();

/** Under which number this database's claims are made; null where nobody could know when it is gone. */
export function holderOf(db: Database): number | null {
  return numbers.get(db) ?? null;
}

async function ask(session: Client, number: number): Promise<boolean> {
  await session.connect();
  // Silence is what this session is for, whatever limit a role or a database sets.
  await session.query('set idle_session_timeout = 0');
  const { rows } = await session.query<{ ours: boolean }>('select pg_try_advisory_lock($1, $2) as ours', [
    LOCK_CLASS,
    number,
  ]);
  return rows[0]?.ours === true;
}

/**
 * Keeps a number locked on a session of its own until `leave`; when the session is cut it takes up another of both. The
 * server itself ends the session of a process that dies, so what is claimed under the number need not be waited for. Nor
 * is what was under way when the server died: a number is never taken up twice. Who lives on and was only cut off may
 * lose what it works on, and hears so when it writes, as with any lease that has run out.
 * Not for behind a pooler that lends sessions out: there the lock would stay with a session that is somebody else's.
 * A claim that is made while the lock is not seen is made without the number, and lasts as long as its lease.
 */
export function stayPresent(db: Database, url: string, { clock, random, log }: DatabaseWorld): Presence {
  const leaving = new AbortController();
  let client: Client | undefined;
  const open = (): { readonly session: Client; readonly lost: Promise<void> } => {
    const session = new Client({
      connectionString: withSettings(url, NO_LIMITS, true),
      application_name: 'kassa presence',
      connectionTimeoutMillis: CONNECT_WAIT_MS,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    });
    const lost = new Promise<void>((resolve) => {
      session.on('error', (error) => {
        log.warn({ error: error.message, sqlstate: sqlstateOf(error) }, 'the session that tells of us was lost');
        resolve();
      });
      session.on('end', () => resolve());
    });
    return { session, lost };
  };
  const end = (session: Client): Promise<void> =>
    session.end().catch((error: unknown) => log.debug({ error: String(error) }, 'a session ended without a goodbye'));
  /** @returns a promise of the end of the session, or undefined when there is none. */
  const enter = async (): Promise<(() => Promise<void>) | undefined> => {
    const { session, lost } = open();
    const number = 1 + random.below(NUMBER_MAX);
    client = session;
    try {
      const asking = ask(session, number);
      asking.catch((error: unknown) => log.debug({ error: String(error) }, 'a session was not had'));
      // The driver never answers whoever was still connecting when the session was ended: its end answers instead.
      const is_ours = await Promise.race([asking, lost.then(() => false)]);
      if (is_ours && !leaving.signal.aborted) {
        numbers.set(db, number);
        return () => lost;
      }
    } catch (error) {
      log.debug({ error: String(error) }, 'nobody can see that this process is there');
    }
    await end(session);
    return undefined;
  };
  const first = enter();
  const stay = async (): Promise<void> => {
    for (let stands = await first; !leaving.signal.aborted; stands = await enter()) {
      await stands?.();
      await clock.sleep(RETURN_EVERY_MS, leaving.signal);
      if (leaving.signal.aborted) return;
    }
  };
  const stayed = stay();
  return {
    tried: first.then(() => undefined),
    async leave() {
      leaving.abort();
      await first;
      // Whoever is to be told may have gone silent; the server ends the session of a process that ends all the same.
      await Promise.race([Promise.all([client && end(client), stayed]), clock.sleep(CONNECT_WAIT_MS)]);
    },
  };
}
