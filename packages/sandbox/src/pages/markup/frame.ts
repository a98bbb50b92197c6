import type { PageFrame } from '../views.ts';
import { escapeText, flag, type Html, html } from './html.ts';

/** The sentence that no page may lack. */
export const BAND = 'SANDBOX: no money moves.';
const BAND_REST = 'Unofficial, not affiliated with Stripe.';

/** The whole document around a page's content. `kind` becomes the body's class and tells the script what to do. */
export function framePage(frame: PageFrame, kind: string, title: string, content: Html): string {
  const page = html`<!doctype html>
<html lang="en"${flag('data-embedded', frame.embedded)}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${title} · sandbox</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/sandbox/pages.css" nonce="${frame.nonce}">
<script src="/sandbox/pages.js" nonce="${frame.nonce}" defer></script>
</head>
<body class="${kind}">
<header class="band"><p><strong>${BAND}</strong> ${BAND_REST}</p></header>
${content}
</body>
</html>
`;
  return page.markup;
}

export interface PolicyOptions {
  nonce: string;
  /** True for the pages that a shop puts into an iframe: embedded checkout and the 3-D Secure challenge. */
  embeddable: boolean;
  /** Origins that a form may end at. Chrome applies `form-action` to the redirect that answers a post as well. */
  formTargets?: readonly string[];
}

/**
 * The Content-Security-Policy of a page. Only our own script and stylesheet run, nothing is loaded from elsewhere,
 * and only pages of this computer may frame the ones that are meant to be framed.
 */
export function contentSecurityPolicy({ nonce, embeddable, formTargets = [] }: PolicyOptions): string {
  const hosts = ['localhost', '*.localhost', '127.0.0.1'];
  const loopback = hosts.map((host) => `http://${host}:* https://${host}:*`).join(' ');
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    "connect-src 'self'",
    'img-src data:',
    `form-action 'self'${formTargets.map((origin) => ` ${originOf(origin)}`).join('')}`,
    `frame-ancestors ${embeddable ? `'self' ${loopback}` : "'none'"}`,
    "base-uri 'none'",
  ].join('; ');
}

/** Only the origin goes into the header, so that no address can smuggle in a second directive. */
function originOf(url: string): string {
  const { origin } = new URL(url);
  return escapeText(origin);
}
