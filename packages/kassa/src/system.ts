/**
 * The only file in which Kassa touches the real clock, real chance, the real network and the real log. Everybody else
 * is handed them, which is what makes a simulated run an honest one.
 */
import { randomFillSync } from 'node:crypto';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { type DestinationStream, destination, pino } from 'pino';
import type { Clock } from './kernel/clock.ts';
import type { Http, Leaving, PlainAnswer } from './kernel/http.ts';
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
 * body or a key to an address that nobody configured.
 */
export function systemHttp(): Http & Required<Pick<Http, 'post'>> {
  // A request's signal follows the caller's only as long as somebody holds the request itself: swept away in the middle
  // of the call, it would take the time limit with it, and leave fetch's own of five minutes. Whoever reads the answer
  // holds its body, and that the request.
  const under_way = new Set<Request>();
  const being_read = new WeakMap<ReadableStream, Request>();
  const send = async (request: Request, leaving?: Leaving): Promise<Response> => {
    const { url, method, headers, signal } = request;
    // Handed over whole, it would be made once more with its body led through streams: a quarter of the call (measured).
    const body = request.body === null ? null : await request.arrayBuffer();
    leaving?.();
    under_way.add(request);
    try {
      const answer = await fetch(url, { method, headers, body, signal, redirect: 'manual' });
      if (answer.body) being_read.set(answer.body, request);
      return answer;
    } finally {
      under_way.delete(request);
    }
  };
  return Object.assign(send, { post });
}

/** Stripe's longest answers are pages of a hundred objects, a tenth of this. */
const ANSWER_BYTES_MAX = 8 * 1_048_576;

/**
 * By Node's own client, whose sockets are kept for the next call: `fetch` makes two requests, three signals and four
 * streams of it, which outlive the call and cost more than all that is sent (measured).
 */
const post: Required<Http>['post'] = async ({ url, headers, body, timeout_ms }, leaving) => {
  leaving?.();
  return new Promise<PlainAnswer>((resolve, reject) => {
    const request = url.startsWith('https:') ? requestHttps : requestHttp;
    const call = request(url, {
      method: 'POST',
      headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
    });
    const limit = setTimeout(() => call.destroy(new Error(`no answer within ${timeout_ms} ms`)), timeout_ms);
    const failed = (error: unknown): void => {
      clearTimeout(limit);
      reject(new TypeError('fetch failed', { cause: error }));
    };
    call.on('error', failed);
    // A 101 that nobody asked for ends neither by an answer nor by an error.
    const closed = (): void => failed(new Error('it was closed without an answer'));
    call.on('close', closed);
    call.on('response', (answer) => {
      call.off('close', closed);
      const parts: Buffer[] = [];
      let bytes = 0;
      answer.on('data', (part: Buffer) => {
        parts.push(part);
        bytes += part.length;
        if (bytes > ANSWER_BYTES_MAX) call.destroy(new Error(`the answer is larger than ${ANSWER_BYTES_MAX} bytes`));
      });
      answer.on('error', failed);
      answer.on('end', () => {
        clearTimeout(limit);
        resolve({ status: answer.statusCode ?? 0, headers: headersOf(answer), text: Buffer.concat(parts).toString() });
      });
    });
    call.end(body);
  });
};

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

/**
 * Gives back what the start left behind: V8 keeps the room in which modules were loaded, 30 MB of it (measured), until
 * something asks as Node's inspector does. It grows again where it is needed.
 * @throws Error where Node has no inspector, or may not use it (`--permission`).
 */
export async function giveBackMemory(): Promise<void> {
  const { Session } = await import('node:inspector/promises');
  const session = new Session();
  try {
    session.connect();
    await session.post('HeapProfiler.collectGarbage');
  } finally {
    session.disconnect();
  }
}

const YOUNG_BYTES_MAX = 16 * 1_048_576;

/**
 * Keeps the room for what is young at 16 MB, or 32 where it was about to double. Left to itself V8 doubles it up to 128
 * MB; then what stands outside of it, as bodies of requests, gathers so long that the old room is swept for its sake,
 * many times a second. V8 asks for this number whenever it would double, so it may change at any time.
 * @returns stops it.
 */
export function keepYoungSmall(): () => void {
  const sizeNow = (): number =>
    getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0;
  let factor = 2;
  const observer = new PerformanceObserver(() => {
    const wanted = sizeNow() < YOUNG_BYTES_MAX ? 2 : 1;
    if (wanted !== factor) setFlagsFromString(`--semi-space-growth-factor=${wanted}`);
    factor = wanted;
  });
  observer.observe({ entryTypes: ['gc'] });
  return () => {
    observer.disconnect();
    setFlagsFromString('--semi-space-growth-factor=2');
  };
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
    options.to ?? lineByLine(() => destination({ dest: 2, sync: true })),
  );
  return logOver(lines, {}, { count: 0 });
}

/**
 * Writes by what `open` opens, anew after a line that failed: pino's own writer keeps such lines until it can, and a disk
 * that stays full would fill the memory (74 MB for 200,000 lines, measured).
 */
export function lineByLine(open: () => DestinationStream): DestinationStream {
  let writer = open();
  return {
    write(line) {
      try {
        writer.write(line);
      } catch (error) {
        writer = open();
        throw error;
      }
    },
  };
}

type Level = 'debug' | 'info' | 'warn' | 'error';
type Lines = Pick<ReturnType<typeof pino>, Level | 'isLevelEnabled'>;

// Bound fields are kept here and not in pino's children, so that one path to the line exists and it redacts. A full disk
// must not end a sale: what cannot be written is counted, and told by the next line that can.
function logOver(lines: Lines, bound: Record<string, unknown>, lost: { count: number; because?: unknown }): Log {
  const write =
    (level: Level) =>
    (fields: Record<string, unknown>, message: string): void => {
      if (!lines.isLevelEnabled(level)) return;
      const told = lost.count === 0 ? {} : { lost_lines: lost.count, lost_because: redactText(String(lost.because)) };
      try {
        lines[level]({ ...bound, ...told, ...redactFields(fields) }, redactText(message));
        lost.count = 0;
      } catch (because) {
        Object.assign(lost, { count: lost.count + 1, because });
      }
    };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (fields) => logOver(lines, { ...bound, ...redactFields(fields) }, lost),
  };
}

/** What this process uses: memory now, and processor time since its start. */
export function systemUse(): { readonly resident_bytes: number; readonly cpu_s: number } {
  const { user, system } = process.cpuUsage();
  return { resident_bytes: process.memoryUsage.rss(), cpu_s: (user + system) / 1_000_000 };
}
