import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ConnectionFault } from './http/reply.ts';
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

/** Collects a request's body. @throws Error when it is larger than anything the sandbox would read */
async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_BYTES) throw new Error('body too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function hostIsLocal(header: string | undefined): boolean {
  if (header === undefined || !URL.canParse(`http://${header}`)) return false;
  const { hostname } = new URL(`http://${header}`);
  // The whole address: `127.evil.example` begins like one and is a stranger's name.
  return hostname === '[::1]' || LOOPBACK_HOSTS.has(hostname) || /^127(?:\.[0-9]{1,3}){3}$/.test(hostname);
}

async function toRequest(incoming: IncomingMessage, origin: string): Promise<Request> {
  const headers = new Headers();
  for (let i = 0; i + 1 < incoming.rawHeaders.length; i += 2) {
    headers.append(incoming.rawHeaders[i] ?? '', incoming.rawHeaders[i + 1] ?? '');
  }
  const method = incoming.method ?? 'GET';
  const hasBody = method !== 'GET' && method !== 'HEAD';
  const body = hasBody ? new Uint8Array(await bodyOf(incoming)) : undefined;
  return new Request(new URL(incoming.url ?? '/', origin), { method, headers, ...(body ? { body } : {}) });
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

async function answer(
  sandbox: Sandbox,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  origin: string,
): Promise<void> {
  // A page elsewhere that gets its own name to point here must not reach the sandbox (DNS rebinding).
  if (!hostIsLocal(incoming.headers.host)) {
    outgoing.writeHead(403).end('The sandbox answers only under a loopback host name.\n');
    return;
  }
  try {
    await writeResponse(await sandbox.fetch(await toRequest(incoming, origin)), outgoing);
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
  const stop = repeat(options.tickMs ?? 50, async () => {
    try {
      await sandbox.tick();
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
