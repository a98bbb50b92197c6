import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';

const TRIED_MAX = 100;

/** The first free port from this one upwards, leaving out those that are spoken for. */
export async function firstFreePort(from: number, host: string, spoken_for: readonly number[] = []): Promise<number> {
  for (let port = from; port < from + TRIED_MAX; port += 1) {
    if (!spoken_for.includes(port) && (await isFree(port, host))) return port;
  }
  return anyFreePort(host);
}

/** A port that nobody uses at this moment. */
export async function anyFreePort(host = '127.0.0.1'): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    // Whatever the reason, this port cannot be had.
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}
