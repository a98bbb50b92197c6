import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Hono } from 'hono';
import { hashOf } from '../kernel/ids.ts';
import type { HttpEnv } from './request/context.ts';

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
  webp: 'image/webp',
  woff2: 'font/woff2',
};
const FILE = /^([a-z0-9-]+)\.(html|css|js|svg|png|webp|woff2)$/;

/** The shop's pages run their own files and nothing else; nobody may put them into a frame. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * Serves the files of one flat folder: `index.html` as `/`, `pay.html` as `/pay`, everything else by its name. Only
 * names that were in the folder at the start are ever looked for, so no path of a caller reaches the disk. Contents
 * are read anew, so that an edited page shows itself at the next reload.
 */
export function siteFiles(folder: string, prefix = ''): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();
  for (const name of readdirSync(folder).sort()) {
    const [, stem = '', extension = ''] = FILE.exec(name) ?? [];
    const type = TYPES[extension];
    if (type === undefined) continue;
    const path = extension !== 'html' ? `/${name}` : stem === 'index' ? '/' : `/${stem}`;
    app.get(prefix + path, async (c) => {
      const bytes = await readFile(join(folder, name));
      const etag = `"${hashOf(bytes).slice(0, 32)}"`;
      // Pages may be kept but must be asked for again: a price or a script that changed shows at once.
      const headers: Record<string, string> = { 'Cache-Control': 'no-cache', ETag: etag };
      if (c.req.header('If-None-Match') === etag) return c.body(null, 304, headers);
      headers['Content-Type'] = type;
      if (extension === 'html') {
        headers['Content-Security-Policy'] = CONTENT_SECURITY_POLICY;
        headers['Referrer-Policy'] = 'strict-origin-when-cross-origin';
      }
      return c.body(new Uint8Array(bytes), 200, headers);
    });
  }
  return app;
}
