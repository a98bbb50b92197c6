import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
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
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { port } = server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  return {
    port,
    close(grace_ms) {
      closing ??= closeGently(server, options.clock, grace_ms);
      return closing;
    },
  };
}

async function closeGently(server: Server, clock: Clock, grace_ms: number): Promise<void> {
  let open = true;
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      open = false;
      resolve();
    });
  });
  for (let waited_ms = 0; open && waited_ms < grace_ms; waited_ms += CLOSE_STEP_MS) {
    // A kept-alive connection that has just become idle would otherwise be waited for until its own time-out.
    server.closeIdleConnections();
    await clock.sleep(CLOSE_STEP_MS);
  }
  server.closeAllConnections();
  await closed;
}
