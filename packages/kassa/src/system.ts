/**
 * The only file in which Kassa touches the real clock, real chance, the real network and the real log. Everybody else
 * is handed them, which is what makes a simulated run an honest one.
 */
import { randomFillSync } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { type DestinationStream, destination, pino } from 'pino';
import type { Clock } from './kernel/clock.ts';
import type { Http, Leaving } from './kernel/http.ts';
import type { Log } from './kernel/log.ts';
import { type Random, randomFrom } from './kernel/random.ts';
import { redactFields, redactText } from './kernel/redact.ts';

export { idsFrom } from './kernel/ids.ts';

/** Node's timers hold 31 bits of milliseconds and fire at once beyond them. */
const TIMER_MAX_MS = 2_147_483_647;

export function systemClock(): Clock {
  return {
    now: () => new Date(),
    async sleep(ms, signal) {
      for (let left = ms; left > 0 && !signal?.aborted; left -= TIMER_MAX_MS) {
        await timer(Math.min(left, TIMER_MAX_MS), signal);
      }
    },
  };
}

/** A timer that is taken down when nobody waits for it: a stopped shop must not keep its process alive. */
function timer(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const handle = setTimeout(done, ms);
    function done(): void {
      clearTimeout(handle);
      signal?.removeEventListener('abort', done);
      resolve();
    }
    signal?.addEventListener('abort', done, { once: true });
  });
}

/** So much is drawn at once: each draw costs a call, however small it is. */
const DRAWN_BYTES = 4_096;

/** The operating system's generator: good for secrets. What was handed out is forgotten here. */
export function systemRandom(): Random {
  const drawn = new Uint8Array(DRAWN_BYTES);
  let used = DRAWN_BYTES;
  return randomFrom((count) => {
    if (count > DRAWN_BYTES) return randomFillSync(new Uint8Array(count));
    if (used + count > DRAWN_BYTES) {
      randomFillSync(drawn);
      used = 0;
    }
    const bytes = drawn.slice(used, used + count);
    drawn.fill(0, used, used + count);
    used += count;
    return bytes;
  });
}

/**
 * The real network, with connections kept alive. A redirect is an answer, never followed: it would carry a signed
 * body or a key to an address that nobody configured. By Node's own client and not by its `fetch`, which costs twice as
 * much (measured); an answer is told when the whole of it is here.
 */
export function systemHttp(): Http {
  return async (request, leaving) => {
    const body = request.body === null ? undefined : Buffer.from(await request.arrayBuffer());
    request.signal.throwIfAborted();
    return exchange(request, { body, leaving });
  };
}

function exchange(
  { url, method, headers, signal }: Request,
  { body, leaving }: { body: Buffer | undefined; leaving: Leaving | undefined },
): Promise<Response> {
  return new Promise((resolve, reject) => {
    let held_back: unknown;
    const fail = (error: unknown): void => {
      const lost = signal.aborted ? signal.reason : new TypeError('fetch failed', { cause: error });
      reject(held_back ?? lost);
    };
    const is_secure = url.startsWith('https:');
    // What comes packed would have to be unpacked.
    const sent = { 'accept-encoding': 'identity', ...Object.fromEntries(headers) };
    const call = (is_secure ? https : http).request(url, { method, headers: sent, signal });
    const leave = (): void => {
      try {
        leaving?.();
        call.end(body);
      } catch (error) {
        held_back = error;
        call.destroy();
      }
    };
    call.on('error', fail);
    call.on('response', (answer) => {
      const parts: Buffer[] = [];
      answer.on('error', fail);
      answer.on('data', (part: Buffer) => void parts.push(part));
      answer.on('end', () => {
        try {
          resolve(responseOf(answer, Buffer.concat(parts)));
        } catch (error) {
          fail(error);
        }
      });
    });
    // Whoever decides at the last moment is asked when the connection stands.
    if (leaving === undefined) leave();
    else
      call.on('socket', (socket) =>
        socket.connecting ? socket.once(is_secure ? 'secureConnect' : 'connect', leave) : leave(),
      );
  });
}

/** Answers that have no body by their number. */
const BODILESS = [204, 205, 304];

function responseOf({ statusCode: status = 0, rawHeaders }: http.IncomingMessage, body: Buffer<ArrayBuffer>): Response {
  const headers = new Headers();
  for (let at = 0; at < rawHeaders.length; at += 2) headers.append(rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '');
  return new Response(BODILESS.includes(status) ? null : body, { status, headers });
}

/**
 * Gives back what the start left behind. V8 keeps the room in which modules were loaded, 30 MB of it, until something
 * asks as Node's inspector does; nothing is slower afterwards, because it grows again where it is needed.
 */
export async function giveBackMemory(): Promise<void> {
  const { Session } = await import('node:inspector/promises');
  const session = new Session();
  session.connect();
  await session.post('HeapProfiler.collectGarbage');
  session.disconnect();
}

/**
 * JSON lines by pino: level, time, the fields, the sentence. Every field, every sentence and every error is redacted
 * before pino sees it. Lines are written at once, so that the last words before a crash are kept.
 */
export function systemLog(options: { level?: 'debug' | 'info' | 'warn' | 'error'; to?: DestinationStream } = {}): Log {
  const lines = pino(
    {
      level: options.level ?? 'info',
      base: null,
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      // Errors arrive here as plain data; pino's own serializer would drop their causes.
      serializers: { err: (err: unknown) => err },
      formatters: { level: (level) => ({ level }) },
    },
    options.to ?? destination({ dest: 2, sync: true }),
  );
  return logOver(lines, {});
}

type Level = 'debug' | 'info' | 'warn' | 'error';
type Lines = Pick<ReturnType<typeof pino>, Level | 'isLevelEnabled'>;

/** Bound fields are kept here and not in pino's children, so that one path to the line exists and it redacts. */
function logOver(lines: Lines, bound: Record<string, unknown>): Log {
  const write =
    (level: Level) =>
    (fields: Record<string, unknown>, message: string): void => {
      if (lines.isLevelEnabled(level)) lines[level]({ ...bound, ...redactFields(fields) }, redactText(message));
    };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (fields) => logOver(lines, { ...bound, ...redactFields(fields) }),
  };
}

/** What this process uses: memory now, and processor time since its start. */
export function systemUse(): { readonly resident_bytes: number; readonly cpu_s: number } {
  const { user, system } = process.cpuUsage();
  return { resident_bytes: process.memoryUsage.rss(), cpu_s: (user + system) / 1_000_000 };
}
