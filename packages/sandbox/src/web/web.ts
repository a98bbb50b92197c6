import type { Control } from '../control/control.ts';
import { handleControl } from '../control/http.ts';
import { ApiFailure } from '../kernel/failure.ts';
import { PAGES_CSS, PAGES_JS } from '../pages/index.ts';
import type { World } from '../store/world.ts';
import { goBack, showAfter } from './after-page.ts';
import { postChallenge, showChallenge } from './challenge.ts';
import { followLink } from './link.ts';
import { postPanel, showPanel } from './panel/panel.ts';
import { postSession, showSession } from './pay-page.ts';
import { showReceipt } from './receipt.ts';
import { recover } from './recover.ts';
import { asset, plain, redirect } from './respond.ts';

/** What the pages and the control calls need of the sandbox they belong to. */
export interface House {
  world: World;
  control: Control;
  keys: { secret: string; publishable: string };
  tick(): Promise<number>;
  drain(): Promise<number>;
}

/** Changes made at a page are nobody's call: their events name no request. */
export const NOBODY = { request_id: null, idempotency_key: null };

type Handler = (house: House, request: Request, ids: string[], url: URL) => Response | Promise<Response>;

const PAGES: [method: string, path: RegExp, handler: Handler][] = [
  ['GET', /^\/sandbox\/pages\.css$/, () => asset(PAGES_CSS, 'text/css; charset=utf-8')],
  ['GET', /^\/sandbox\/pages\.js$/, () => asset(PAGES_JS, 'text/javascript; charset=utf-8')],
  ['GET', /^\/c\/pay\/(cs_\w+)$/, ({ world }, _, [id = ''], url) => showSession(world, id, url)],
  ['POST', /^\/c\/pay\/(cs_\w+)\/confirm$/, ({ world }, request, [id = '']) => postSession(world, id, request, true)],
  ['POST', /^\/c\/pay\/(cs_\w+)\/update$/, ({ world }, request, [id = '']) => postSession(world, id, request, false)],
  ['GET', /^\/c\/pay\/(cs_\w+)\/after$/, ({ world }, _, [id = ''], url) => showAfter(world, id, url)],
  ['GET', /^\/c\/pay\/(cs_\w+)\/return$/, ({ world }, _, [id = '']) => goBack(world, id)],
  ['GET', /^\/c\/recover\/(cs_\w+)\/(\w+)$/, ({ world }, _, [id = '', secret = '']) => recover(world, id, secret)],
  ['GET', /^\/l\/(plink_\w+)$/, ({ world }, _, [id = ''], url) => followLink(world, id, url)],
  ['GET', /^\/3ds\/(\w+)$/, ({ world }, _, [id = ''], url) => showChallenge(world, id, url)],
  ['POST', /^\/3ds\/(\w+)$/, ({ world }, request, [id = '']) => postChallenge(world, id, request)],
  ['GET', /^\/receipts\/(\w+)$/, ({ world }, _, [id = '']) => showReceipt(world, id)],
  // Who types the bare address wants to see what is here.
  ['GET', /^\/$/, () => redirect('/_sandbox')],
  ['GET', /^\/_sandbox\/?$/, (house, _, __, url) => showPanel(house, { only: url.searchParams.get('request') })],
  ['POST', /^\/_sandbox\/panel$/, (house, request) => postPanel(house, request)],
];

/** Everything that is not the API: pages, control calls, scripts. */
export async function handleWeb(house: House, request: Request): Promise<Response> {
  const url = new URL(request.url);
  for (const [method, path, handler] of PAGES) {
    const match = request.method === method ? path.exec(url.pathname) : null;
    if (match) return guarded(house, () => handler(house, request, match.slice(1), url));
  }
  if (url.pathname.startsWith('/_sandbox/')) return handleControl(house, request, url);
  return plain(`Nothing stands at ${url.pathname}.`, 404);
}

/** A refusal on a page is a sentence, not a stack. */
async function guarded(house: House, work: () => Response | Promise<Response>): Promise<Response> {
  try {
    return await work();
  } catch (error) {
    house.world.log({ what: 'page failed', error: String(error) });
    if (error instanceof ApiFailure) return plain(error.message, error.status);
    return plain('The sandbox failed to show this page. Its log says why.', 500);
  }
}
