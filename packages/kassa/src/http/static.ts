import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Context, Hono } from 'hono';
import { hashOf } from '../kernel/ids.ts';
import type { HttpEnv } from './request/context.ts';

const TYPES = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
  webp: 'image/webp',
  woff2: 'font/woff2',
} as const;
const FILE = /^([a-z0-9-]+)(\.below)?\.(html|css|js|svg|png|webp|woff2)$/;

/** Pages run their own files and nothing else unless they are said to; nobody may put them into a frame. */
const OWN_FILES_ONLY = [
  "default-src 'self'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

type Answer = (c: Context<HttpEnv>) => Promise<Response>;

interface Manner {
  readonly status?: 200 | 404;
  /** The Content-Security-Policy of a page. */
  readonly policy?: string;
}

/** Answers one file. Contents are read anew, so that an edited page shows itself at the next reload. */
function fileAnswer(file: string, type: string, { status = 200, policy = OWN_FILES_ONLY }: Manner = {}): Answer {
  return async (c) => {
    const bytes = await readFile(file);
    const etag = `"${hashOf(bytes).slice(0, 32)}"`;
    // Pages may be kept but must be asked for again: a price or a script that changed shows at once.
    const headers: Record<string, string> = { 'Cache-Control': 'no-cache', ETag: etag };
    if (status === 200 && c.req.header('If-None-Match') === etag) return c.body(null, 304, headers);
    headers['Content-Type'] = type;
    if (type === TYPES.html) {
      headers['Content-Security-Policy'] = policy;
      headers['Referrer-Policy'] = 'strict-origin-when-cross-origin';
    }
    return c.body(new Uint8Array(bytes), status, headers);
  };
}

/** The shop's own words for a page that is not there: its `404.html`, for callers that read pages. */
export function missingPage(folder: string): Answer | undefined {
  const file = join(folder, '404.html');
  return existsSync(file) ? fileAnswer(file, TYPES.html, { status: 404 }) : undefined;
}

/**
 * Serves the files of one flat folder: `index.html` as `/`, `pay.html` as `/pay`, `order.below.html` for everything
 * below `/order/`, everything else by its name. Only names that were in the folder at the start are ever looked for, so
 * no path of a caller reaches the disk.
 */
export function siteFiles(folder: string, { prefix = '', policy = OWN_FILES_ONLY } = {}): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();
  for (const name of readdirSync(folder).sort()) {
    const [, stem = '', below = '', extension = ''] = FILE.exec(name) ?? [];
    const type = isServed(extension) ? TYPES[extension] : undefined;
    if (type === undefined || name === '404.html') continue;
    const page = below !== '' ? `/${stem}/*` : stem === 'index' ? '/' : `/${stem}`;
    const path = extension === 'html' ? page : `/${name}`;
    app.get(prefix + path, fileAnswer(join(folder, name), type, { policy }));
  }
  return app;
}

/**
 * Serves single files of packages: path here → file in a package. The published server carries them in its own
 * `assets` folder; in the repository they are where npm has put them.
 * @throws Error at start when a file is in neither place.
 */
export function packageFiles(files: Readonly<Record<string, string>>): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();
  for (const [path, specifier] of Object.entries(files)) {
    const name = specifier.slice(specifier.lastIndexOf('/') + 1);
    const carried = fileURLToPath(new URL(`../../assets/${name}`, import.meta.url));
    const file = existsSync(carried) ? carried : fileURLToPath(import.meta.resolve(specifier));
    const extension = name.slice(name.lastIndexOf('.') + 1);
    if (!existsSync(file) || !isServed(extension)) throw new Error(`${specifier} is not there: run npm install again`);
    app.get(path, fileAnswer(file, TYPES[extension]));
  }
  return app;
}

function isServed(extension: string): extension is keyof typeof TYPES {
  return extension in TYPES;
}
