// The smallest server that can show the pages: renderers behind addresses, with the headers that they are made for.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { contentSecurityPolicy, PAGES_CSS, PAGES_JS } from '../../src/pages/index.ts';
import { frame } from './fixtures.ts';

export interface Answer {
  status?: number;
  page?: string;
  json?: unknown;
  location?: string;
}

export type Asked = { method: string; path: string; query: URLSearchParams; form: URLSearchParams };

/** Serves until closed; `asked` keeps every request, so a test can say what left the browser. */
export async function servePages(answer: (asked: Asked) => Answer) {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    let body = '';
    for await (const chunk of request) body += chunk;
    const files: Record<string, [string, string]> = {
      '/sandbox/pages.css': ['text/css', PAGES_CSS],
      '/sandbox/pages.js': ['text/javascript', PAGES_JS],
    };
    const file = files[url.pathname];
    if (file) return response.writeHead(200, { 'content-type': `${file[0]}; charset=utf-8` }).end(file[1]);
    const now = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      form: new URLSearchParams(body),
    };
    asked.push(now);
    const { status = 200, page, json, location } = answer(now);
    if (location) return response.writeHead(303, { location }).end();
    response.setHeader('content-security-policy', contentSecurityPolicy({ nonce: frame.nonce, embeddable: true }));
    response.setHeader('content-type', json === undefined ? 'text/html; charset=utf-8' : 'application/json');
    response.writeHead(status).end(json === undefined ? page : JSON.stringify(json));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}
