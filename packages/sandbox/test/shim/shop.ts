// A shop on one port and a sandbox on another, as on a developer's machine: different origins, a real browser between.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import Stripe from 'stripe';
import { build } from 'vite';
import { createSandbox } from '../../src/sandbox.ts';
import { serveSandbox } from '../../src/serve.ts';

/** Bundles one of the pages' scripts the way a shop's bundler does; minified for production. */
export async function bundle(entry: string, minify = false): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: 'error',
    publicDir: false,
    define: { 'process.env.NODE_ENV': '"development"' },
    build: {
      write: false,
      minify,
      rolldownOptions: { input: join(import.meta.dirname, 'browser', entry), output: { format: 'iife' } },
    },
  });
  const [built] = Array.isArray(result) ? result : [result];
  const chunk = built && 'output' in built ? built.output.find((each) => each.type === 'chunk') : undefined;
  if (chunk?.type !== 'chunk') throw new Error(`${entry} was not bundled.`);
  return chunk.code;
}

/** Opens both. `stripe` is the shop's server side, `page(script, query)` the address of a page of the shop. */
export async function openShop() {
  const scripts: Record<string, string> = {
    '/plain.js': await bundle('plain-app.ts'),
    '/react.js': await bundle('react-app.ts'),
  };
  const sandbox = createSandbox({ asyncDelayMs: 60_000, sellerName: 'Blue Hall' });
  const served = await serveSandbox(sandbox, { port: 0 });
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const script = scripts[url.pathname];
    if (script !== undefined) return response.writeHead(200, { 'content-type': 'text/javascript' }).end(script);
    const app = url.pathname === '/react' ? '/react.js' : '/plain.js';
    const page =
      url.pathname === '/back'
        ? `<!doctype html><html lang="en"><title>Back</title><h1>back at the shop</h1>`
        : `<!doctype html><html lang="en"><title>Shop</title><script src="${served.url}/sandbox/stripe.js"></script>
<main><h1>Shop</h1><div id="place"></div></main><script src="${app}"></script>`;
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://localhost:${(server.address() as AddressInfo).port}`;
  const { port } = new URL(served.url);
  const stripe = new Stripe(sandbox.keys.secret, { host: '127.0.0.1', port, protocol: 'http', telemetry: false });
  return {
    sandbox,
    stripe,
    url,
    sandboxUrl: served.url,
    page: (path: '/plain' | '/react', query: Record<string, string> = {}) =>
      `${url}${path}?${new URLSearchParams({ key: sandbox.keys.publishable, ...query })}`,
    close: async () => {
      await new Promise((resolve) => server.close(resolve));
      await served.close();
      await sandbox.close();
    },
  };
}
