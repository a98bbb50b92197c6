import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import type { Clock } from '../kernel/clock.ts';
import type { HttpApp } from './server.ts';

/** Slow clients are cut off: a connection that only trickles would hold a place for ever. Milliseconds. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
const CHECK_EVERY_MS = 5_000;
const HEADER_BYTES_MAX = 16_384;
const HEADERS_MAX = 100;
const CLOSE_STEP_MS = 25;

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
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
}): Promise<Listening> {
  const listener = getRequestListener((request, env) => {
    const { incoming } = env as HttpBindings;
    return options.fetch(request, { ip: incoming.socket.remoteAddress ?? '' });
  });
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_EVERY_MS,
      maxHeaderSize: HEADER_BYTES_MAX,
    },
    listener,
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
