import type { Context } from 'hono';
import type { HttpEnv } from '../request/context.ts';
import { type Html, html } from './html.ts';

/** Own files only, no frame around, and no form: these pages read. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "connect-src 'self'",
  "frame-src 'self'",
  "img-src 'self' data:",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

export interface Page {
  readonly title: string;
  readonly place: 'orders' | 'inbox' | 'attention';
  /** From the outermost page inwards; the page itself is not among them. */
  readonly crumbs: readonly { readonly name: string; readonly path: string }[];
  readonly body: Html;
  readonly status?: 200 | 400 | 404 | 500 | 503;
}

const PLACES = [
  { place: 'orders', name: 'Orders', path: '/admin/orders' },
  { place: 'inbox', name: 'Inbox', path: '/admin/inbox' },
  { place: 'attention', name: 'Needs attention', path: '/admin/attention' },
] as const;

/** One of the developer's pages as an answer. Everything in it has been escaped by `html`. */
export function answerPage(c: Context<HttpEnv>, shop: string, page: Page): Response {
  const current = (place: string): Html | null => (place === page.place ? html` aria-current="page"` : null);
  const { markup } = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>${page.title} · ${shop}</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/admin/admin.css"><script src="/admin/admin.js" defer></script></head>
<body><a class="skip" href="#main">Skip to the content</a>
<header class="top"><div class="row"><a class="brand" href="/admin/orders"><span class="mark" aria-hidden="true"></span>Kassa <span class="shop">${shop}</span></a>
<nav aria-label="Pages"><ul>${PLACES.map(({ place, name, path }) => html`<li><a href="${path}"${current(place)}>${name}</a></li>`)}</ul></nav>
<p class="mode"><span aria-hidden="true">◆</span> Sandbox: no money moves</p></div></header>
<main id="main" tabindex="-1">${breadcrumbs(page)}${page.body}</main></body></html>`;
  return c.html(markup, page.status ?? 200, {
    'Content-Security-Policy': CONTENT_SECURITY_POLICY,
    'Referrer-Policy': 'no-referrer',
  });
}

function breadcrumbs(page: Page): Html | null {
  if (page.crumbs.length === 0) return null;
  const items = page.crumbs.map(({ name, path }) => html`<li><a href="${path}">${name}</a></li>`);
  return html`<nav class="crumbs" aria-label="You are here"><ol>${items}<li aria-current="page">${page.title}</li></ol></nav>`;
}

/** What an empty list says: never only "nothing", always what would fill it. */
export function emptyState(title: string, sentence: Html): Html {
  return html`<div class="empty"><p class="big">${title}</p><p>${sentence}</p></div>`;
}
