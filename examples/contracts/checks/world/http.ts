// HTTP as anybody on the street can speak it: any address of this computer as the sender, any `Host`, any bytes.
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';

export interface Sent {
  readonly headers?: Readonly<Record<string, string>>;
  /** Text and bytes go as they are; anything else as JSON, with its content type unless `headers` names one. */
  readonly body?: unknown;
  /** The name that the caller believes to speak to. */
  readonly host?: string;
  /** The caller's own address. Default: one that nobody has used before. */
  readonly from?: string;
  /** Sends the body in pieces, without saying how long it is. */
  readonly chunked?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** What the body says as JSON, whatever it is; undefined when it is no JSON. */
  readonly value: unknown;
  /** The JSON object that the body holds. @throws Error with the text when it holds none. */
  readonly json: Readonly<Record<string, unknown>>;
  /** Status, and the code where there is one: what most checks compare. */
  readonly told: readonly [number, unknown];
}

const TIME_LIMIT_MS = 60_000;
let callers = 0;

/** An address of the 127/8 network that no caller of this process has had yet. */
export function newAddress(): string {
  callers += 1;
  // The worker's number keeps the files that run beside each other apart.
  const worker = Number(process.env.VITEST_POOL_ID ?? 0) % 100;
  return `127.${100 + worker}.${(callers >> 8) & 255}.${callers & 255}`;
}

/** One request on a connection of its own. Redirects are answers. @throws Error when nobody answers. */
export function send(origin: string, method: string, path: string, sent: Sent = {}): Promise<Answer> {
  const { hostname, port, host } = new URL(origin);
  const body = bytesOf(sent.body);
  const json = sent.body !== undefined && typeof sent.body === 'object' && !Buffer.isBuffer(sent.body);
  const headers: Record<string, string> = {
    Host: sent.host ?? host,
    ...(json ? { 'Content-Type': 'application/json' } : {}),
    ...(body === undefined || sent.chunked ? {} : { 'Content-Length': String(body.byteLength) }),
    ...sent.headers,
  };
  const localAddress = sent.from ?? newAddress();
  return new Promise((resolve, reject) => {
    const outgoing = request({ hostname, port, method, path, headers, localAddress, agent: false }, (incoming) => {
      read(incoming, method, path).then(resolve, reject);
    });
    outgoing.setTimeout(TIME_LIMIT_MS, () => outgoing.destroy(new Error(`${method} ${path}: no answer in time`)));
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function bytesOf(body: unknown): Buffer | undefined {
  if (body === undefined) return undefined;
  if (Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

async function read(incoming: IncomingMessage, method: string, path: string): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('utf8');
  const status = incoming.statusCode ?? 0;
  const parsed = (): Readonly<Record<string, unknown>> => {
    const value = parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
    throw new Error(`${method} ${path} answered ${status} with ${JSON.stringify(text.slice(0, 300))}, no JSON object`);
  };
  return {
    status,
    headers: incoming.headers,
    text,
    get value() {
      return parse(text);
    },
    get json() {
      return parsed();
    },
    get told() {
      return [status, parsed().code] as const;
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
