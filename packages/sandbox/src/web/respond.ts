import { createHmac, timingSafeEqual } from 'node:crypto';
import { isLoopbackHost } from '../kernel/loopback.ts';
import { contentSecurityPolicy } from '../pages/index.ts';
import type { PageFrame } from '../pages/views.ts';
import type { World } from '../store/world.ts';
import { pageNonce } from '../system.ts';

/** The parts of a page that every page has. `embedded` pages live in an iframe of the shop. */
export function frameFor(embedded: boolean): PageFrame {
  // Not from the seed: looking at a page must not move the ids that come after it.
  return { nonce: pageNonce(), locale: 'en', embedded };
}

export interface PageRules {
  status?: number;
  /** May a shop on this machine put the page into an iframe? */
  embeddable?: boolean;
  /** Where a form of the page may end up after redirects, besides the sandbox itself. */
  formTargets?: string[];
}

/** A page with the headers that keep it to itself: a strict policy, no sniffing, no caching. */
export function page(html: string, frame: PageFrame, rules: PageRules = {}): Response {
  const targets = (rules.formTargets ?? []).filter((url) => /^https?:/.test(url) && URL.canParse(url));
  return new Response(html, {
    status: rules.status ?? 200,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': contentSecurityPolicy({
        nonce: frame.nonce,
        embeddable: rules.embeddable ?? false,
        formTargets: targets,
      }),
      'referrer-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      ...(rules.embeddable ? {} : { 'x-frame-options': 'DENY' }),
    },
  });
}

/** On to another address. Shops have names in every script, and a header takes plain ASCII only. */
export function redirect(url: string): Response {
  const location = url.replace(/[^\x21-\x7e]+/g, (letters) => encodeURIComponent(letters.toWellFormed()));
  return new Response(null, { status: 303, headers: { location, 'cache-control': 'no-store' } });
}

const UNSNIFFED = { 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' };

export function json(value: unknown, status = 200): Response {
  const headers = { 'content-type': 'application/json', ...UNSNIFFED };
  return new Response(`${JSON.stringify(value, null, 2)}\n`, { status, headers });
}

export function plain(text: string, status: number): Response {
  const headers = { 'content-type': 'text/plain; charset=utf-8', ...UNSNIFFED };
  return new Response(`${text}\n`, { status, headers });
}

export function asset(body: string, type: string): Response {
  return new Response(body, {
    headers: { 'content-type': type, 'cache-control': 'no-cache', 'x-content-type-options': 'nosniff' },
  });
}

/** What a form of one page must carry. */
export function pageToken(world: World, what: string): string {
  return tokenFor(world, `page:${what}`);
}

function tokenFor(world: World, what: string): string {
  return createHmac('sha256', world.secret).update(what).digest('base64url').slice(0, 32);
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** A web page elsewhere in the same browser can neither guess the token nor claim the sandbox's own origin. */
export function formIsOurs(world: World, request: Request, form: URLSearchParams, what: string): boolean {
  const origin = request.headers.get('origin');
  if (origin !== null && !isOwn(world, request, origin)) return false;
  return sameText(form.get('token') ?? '', pageToken(world, what));
}

/** Its own origins: the one it was given, and whichever name of this machine a person typed. */
function isOwn(world: World, request: Request, origin: string): boolean {
  if ([new URL(request.url).origin, new URL(world.publicUrl).origin].includes(origin)) return true;
  const host = request.headers.get('host') ?? undefined;
  return isLoopbackHost(host) && origin === `http://${host}`;
}

/** A control call from outside this process has to show the token that was printed at start. */
export function holdsControlToken(world: World, request: Request): boolean {
  return sameText(request.headers.get('x-sandbox-token') ?? '', controlToken(world));
}

export function controlToken(world: World): string {
  return tokenFor(world, 'control');
}
