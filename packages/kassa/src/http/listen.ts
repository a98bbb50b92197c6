import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createDoor, type Server as Door, type ListenOptions } from 'node:net';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import type { Clock } from '../kernel/clock.ts';
import type { HttpApp } from './server.ts';

/** How long a client may take. One that only trickles would hold its place for ever. Milliseconds. */
export interface Patience {
  readonly headers_ms: number;
  readonly request_ms: number;
  readonly check_every_ms: number;
}

const PATIENCE: Patience = { headers_ms: 10_000, request_ms: 30_000, check_every_ms: 5_000 };
/** A little longer than proxies usually keep a connection, so that they close it and no request is lost between. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
const HEADER_BYTES_MAX = 16_384;
const HEADERS_MAX = 100;
const CLOSE_STEP_MS = 25;
/**
 * So many sockets listen on the one port, where the system allows it (SO_REUSEPORT). Of each a turn of the
 * loop takes one new connection and no more (libuv/libuv#3696): in a crowd, whose turns are long, an event of Stripe's
 * that needs a new connection would wait behind each newcomer for a turn.
 */
const DOORS = 16;

/** Answers what node:http has just taken from a socket, when it is what this way is for; otherwise it says false. */
export type SocketWay = (incoming: IncomingMessage, outgoing: ServerResponse) => boolean;

export interface Listening {
  readonly port: number;
  /** Stops accepting, lets what is in flight finish for at most `grace_ms`, then cuts. Safe to call twice. */
  close(grace_ms: number): Promise<void>;
}

/**
 * Serves an app on a socket. Port 0 takes any free one.
 * @throws the error of node:net, such as `EADDRINUSE`, when the port cannot be had.
 */
export async function listen(options: {
  readonly fetch: HttpApp['fetch'];
  readonly atSocket?: SocketWay;
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
  readonly patience?: Patience;
}): Promise<Listening> {
  const { patience = PATIENCE, atSocket = () => false } = options;
  const listener = getRequestListener((request, env) => {
    const { incoming } = env as HttpBindings;
    return options.fetch(request, { ip: incoming.socket.remoteAddress ?? '' });
  });
  const server = createServer(
    {
      headersTimeout: patience.headers_ms,
      requestTimeout: patience.request_ms,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      connectionsCheckingInterval: patience.check_every_ms,
      maxHeaderSize: HEADER_BYTES_MAX,
    },
    (incoming, outgoing) => {
      if (!atSocket(incoming, outgoing)) void listener(incoming, outgoing);
    },
  );
  server.maxHeadersCount = HEADERS_MAX;
  const doors = await openDoors(server, options);
  const { port } = server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  return {
    port,
    close(grace_ms) {
      closing ??= closeGently(server, doors, { clock: options.clock, grace_ms });
      return closing;
    },
  };
}

/** The server itself and what stands beside it on its port. @throws the error of node:net; nothing is open then. */
async function openDoors(server: Server, at: { readonly host: string; readonly port: number }): Promise<Door[]> {
  const { host } = at;
  // Whoever shares a port shares it with all who would, so that it is free is found out before.
  if (at.port !== 0) await closed(await opened(createDoor(), { host, port: at.port }));
  const doors: Door[] = [server];
  if (!(await opensShared(server, at))) return doors;
  const { port } = server.address() as AddressInfo;
  try {
    while (doors.length < DOORS) {
      const door = createDoor({ allowHalfOpen: true, noDelay: true }, (socket) => server.emit('connection', socket));
      doors.push(await opened(door, { host, port, reusePort: true }));
    }
  } catch (error) {
    // Where sharing is asked for in vain, the server alone is as good as it always was.
    if (isTaken(error)) return doors;
    await Promise.all(doors.map(closed));
    throw error;
  }
  return doors;
}

/** False where this system lets nobody share a port; then the server has it for itself. */
async function opensShared(server: Server, { host, port }: ListenOptions): Promise<boolean> {
  try {
    await opened(server, { host, port, reusePort: true });
    return true;
  } catch (error) {
    // Systems say in many ways that they cannot share (ENOTSUP, ENOPROTOOPT); whatever else is wrong is told once more.
    if (isTaken(error)) throw error;
    await opened(server, { host, port });
    return false;
  }
}

function isTaken(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
}

function opened<One extends Door>(door: One, at: ListenOptions): Promise<One> {
  return new Promise((resolve, reject) => {
    door.once('error', reject);
    door.listen(at, () => {
      door.off('error', reject);
      resolve(door);
    });
  });
}

function closed(door: Door): Promise<void> {
  return new Promise((resolve) => {
    door.close(() => resolve());
  });
}

async function closeGently(
  server: Server,
  doors: readonly Door[],
  { clock, grace_ms }: { readonly clock: Clock; readonly grace_ms: number },
): Promise<void> {
  let open = true;
  const all_closed = Promise.all(doors.map(closed)).then(() => {
    open = false;
  });
  for (let waited_ms = 0; open && waited_ms < grace_ms; waited_ms += CLOSE_STEP_MS) {
    // A kept-alive connection that has just become idle would otherwise be waited for until its own time-out.
    server.closeIdleConnections();
    await clock.sleep(CLOSE_STEP_MS);
  }
  server.closeAllConnections();
  await all_closed;
}
