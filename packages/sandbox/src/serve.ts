import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ConnectionFault } from './http/reply.ts';
import { isLoopbackHost, isLoopbackOrigin } from './kernel/loopback.ts';
import { acceptCommandLine } from './listen/command-line.ts';
import type { Sandbox } from './sandbox.ts';
import { repeat } from './system.ts';

export interface ServeOptions {
  /** 0 takes any free port. */
  port: number;
  /** 127.0.0.1 (default), ::1 or localhost; nothing else. */
  host?: string;
  /** How often due timers and deliveries are looked for, in milliseconds. */
  tickMs?: number;
}

export interface Served {
  url: string;
  port: number;
  close(): Promise<void>;
}

const LOOPBACK_HOSTS = new Set(['127.0.0.1', '::1', 'localhost']);
const BODY_BYTES = 2 * 1024 * 1024;

/** Collects a request's body. Answers undefined when it is larger than anything the sandbox would read. */
async function bodyOf(incoming: IncomingMessage): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS', 'PUT', 'PATCH']);

/** Why nobody answers this request: who sends it, or how it is written. */
function refusalOf(incoming: IncomingMessage, publicUrl: string): { status: number; sentence: string } | undefined {
  const { headers, method = '', url = '' } = incoming;
  if (!isLoopbackHost(headers.host)) {
    return { status: 403, sentence: 'The sandbox answers only under a loopback host name.' };
  }
  const { origin } = headers;
  if (origin !== undefined && !isLoopbackOrigin(origin) && origin !== new URL(publicUrl).origin) {
    return { status: 403, sentence: 'The sandbox talks to pages of this computer only.' };
  }
  if (!METHODS.has(method)) return { status: 405, sentence: `The sandbox does not know the method ${method}.` };
  // Joined, never resolved: `//evil.example/x` would become an address of that host, and its pages our own.
  if (!url.startsWith('/') || !URL.canParse(`http://sandbox.local${url}`)) {
    return { status: 400, sentence: 'The address of this request cannot be read.' };
  }
  return undefined;
}

/** The same request as `fetch` takes it; undefined when its body is too large. */
async function toRequest(incoming: IncomingMessage, origin: string): Promise<Request | undefined> {
  const headers = new Headers();
  for (let i = 0; i + 1 < incoming.rawHeaders.length; i += 2) {
    headers.append(incoming.rawHeaders[i] ?? '', incoming.rawHeaders[i + 1] ?? '');
  }
  const method = incoming.method ?? 'GET';
  const url = `${origin}${incoming.url}`;
  if (method === 'GET' || method === 'HEAD') return new Request(url, { method, headers });
  const body = await bodyOf(incoming);
  return body && new Request(url, { method, headers, body });
}

async function writeResponse(response: Response, outgoing: ServerResponse): Promise<void> {
  outgoing.statusCode = response.status;
  for (const [name, value] of response.headers) {
    if (name !== 'set-cookie') outgoing.setHeader(name, value);
  }
  const cookies = response.headers.getSetCookie();
  if (cookies.length > 0) outgoing.setHeader('set-cookie', cookies);
  if (response.body) for await (const chunk of response.body) outgoing.write(chunk);
  outgoing.end();
}

function refuse(outgoing: ServerResponse, status: number, sentence: string): void {
  // What the caller still sends is not read, so the line cannot be used again.
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' };
  outgoing.writeHead(status, { ...headers, connection: 'close' }).end(`${sentence}\n`);
}

async function answer(
  sandbox: Sandbox,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  origin: string,
): Promise<void> {
  try {
    const refusal = refusalOf(incoming, sandbox.world.publicUrl);
    if (refusal) return refuse(outgoing, refusal.status, refusal.sentence);
    const request = await toRequest(incoming, origin);
    if (!request) return refuse(outgoing, 413, `A body has at most ${BODY_BYTES} bytes.`);
    await writeResponse(await sandbox.fetch(request), outgoing);
  } catch (error) {
    // A fault that times out keeps the line open without a word, as a dead server would.
    if (error instanceof ConnectionFault && error.code === 'ETIMEDOUT') return;
    sandbox.world.log({ what: 'broken connection', error: String(error) });
    incoming.socket.destroy();
  }
}

/**
 * Puts a sandbox on a port of this machine and lets its time run.
 * @throws Error for any host but loopback
 */
export async function serveSandbox(sandbox: Sandbox, options: ServeOptions): Promise<Served> {
  const host = options.host ?? '127.0.0.1';
  if (!LOOPBACK_HOSTS.has(host)) {
    throw new Error(`The sandbox listens on this machine only: use 127.0.0.1 or ::1, not ${host}.`);
  }
  let origin = 'http://127.0.0.1';
  const server = createServer((incoming, outgoing) => void answer(sandbox, incoming, outgoing, origin));
  const lines = new Set<() => void>();
  server.on('upgrade', (incoming, socket, head) => {
    const hangUp = acceptCommandLine(sandbox.world, { incoming, socket, head });
    const drop = (): void => {
      hangUp?.();
      incoming.socket.destroySoon();
    };
    lines.add(drop);
    socket.on('close', () => lines.delete(drop));
  });
  await listen(server, options.port, host);
  const { port } = server.address() as AddressInfo;
  const name = host === '::1' ? '[::1]' : host;
  origin = `http://${name}:${port}`;
  if (sandbox.world.options.publicUrl === undefined) sandbox.world.publicUrl = origin;
  sandbox.world.socketUrl = `ws://${name}:${port}/ws`;
  sandbox.world.served = true;
  const stop = repeat(options.tickMs ?? 50, () => {
    try {
      sandbox.nudge();
    } catch (error) {
      sandbox.world.log({ what: 'tick failed', error: String(error) });
    }
  });
  const close = async (): Promise<void> => {
    stop();
    sandbox.world.socketUrl = '';
    server.closeAllConnections();
    // An upgraded line is no connection of the HTTP server any more, and would hold it open.
    for (const drop of lines) drop();
    await new Promise<void>((resolve, reject) => server.close((error) => (error ? reject(error) : resolve())));
  };
  return { url: origin, port, close };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
