import { fileURLToPath } from 'node:url';
import { type Context, Hono } from 'hono';
import { createMiddleware } from 'hono/factory';
import type { NotificationView, OrderStory } from '../../domain/reports/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import { fromTypeId, hashOf } from '../../kernel/ids.ts';
import { describeFailure, drawFailure, reportFailure } from '../describe-failure.ts';
import type { HttpHouse } from '../house.ts';
import type { HttpEnv } from '../request/context.ts';
import { isOfThisComputer } from '../request/this-computer.ts';
import { siteFiles } from '../static.ts';
import { attentionPage } from './attention.ts';
import { answerPage } from './frame.ts';
import { html } from './html.ts';
import { inboxPage, messagePage } from './inbox.ts';
import { drawLive, drawMessage, drawMessages, drawOrders, drawStory } from './machine.ts';
import { orderPage } from './order.ts';
import { ordersPage } from './orders.ts';
import { ORDER_STATUSES } from './words.ts';

const PAGE_ROWS = 50;
const LIVE_ORDERS = 3;
const FILES = fileURLToPath(new URL('./files', import.meta.url));
/** A mail runs nothing and loads nothing from anywhere; it may only look as it was written. */
const MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox";

/**
 * The developer's pages: orders with their timelines, the caught mail, and what waits for a person. They exist in the
 * sandbox alone, are answered to this computer alone, and read only.
 */
export function adminPages(house: HttpHouse): Hono<HttpEnv> {
  const shop = house.settings.seller.name;
  const app = new Hono<HttpEnv>();
  app.onError((error, c) => answerFailure(c, house, error));
  app.use('/admin/*', onlyThisComputer);
  app.route('/', siteFiles(FILES, { prefix: '/admin' }));
  app.get('/admin', (c) => c.redirect('/admin/orders', 302));
  orderRoutes(app, house, shop);
  inboxRoutes(app, house, shop);
  app.get('/admin/attention', async (c) => answerPage(c, shop, attentionPage(await house.listTrouble())));
  app.get('/admin/live.json', async (c) => {
    const { orders } = await house.listOrders({ limit: LIVE_ORDERS });
    const stories = await Promise.all(orders.map((order) => house.readStory(order.id)));
    const body = JSON.stringify(drawLive(stories.filter((story) => story !== undefined)));
    const etag = `"${hashOf(body).slice(0, 32)}"`;
    if (c.req.header('If-None-Match') === etag) return c.body(null, 304, { ETag: etag });
    return c.body(body, 200, { ETag: etag, 'Content-Type': 'application/json' });
  });
  return app;
}

function orderRoutes(app: Hono<HttpEnv>, house: HttpHouse, shop: string): void {
  const find = (c: Context<HttpEnv>) => {
    const status = [...ORDER_STATUSES, 'review'].find((one) => one === c.req.query('status'));
    const asked = c.req.query('q')?.trim().slice(0, 254) ?? '';
    // What no text in the database can hold is looked for as its readable stand-in, and not found.
    const search = asked.replaceAll('\u0000', '\ufffd').toWellFormed() || undefined;
    return { status, search, before: c.req.query('before') || undefined };
  };
  app.get('/admin/orders', async (c) => {
    const query = find(c);
    return answerPage(c, shop, ordersPage(await house.listOrders({ limit: PAGE_ROWS, ...defined(query) }), query));
  });
  app.get('/admin/orders.json', async (c) =>
    c.json(drawOrders(await house.listOrders({ limit: PAGE_ROWS, ...defined(find(c)) }))),
  );
  app.get('/admin/orders/:name', async (c) => {
    const { id, wants_json } = nameOf(c.req.param('name'), 'ord');
    const story = await storyOf(house, id);
    c.set('order_id', story.order.id);
    if (wants_json) return c.json(drawStory(story));
    const { notifications } = await house.listNotifications({ limit: PAGE_ROWS, order_id: story.order.id });
    return answerPage(c, shop, orderPage(story, notifications, house.clock.now()));
  });
}

function inboxRoutes(app: Hono<HttpEnv>, house: HttpHouse, shop: string): void {
  app.get('/admin/inbox', async (c) => {
    const before = c.req.query('before') || undefined;
    const found = await house.listNotifications({ limit: PAGE_ROWS, ...defined({ before }) });
    return answerPage(c, shop, inboxPage(found, before));
  });
  app.get('/admin/inbox.json', async (c) => {
    const order = c.req.query('order');
    const order_id = order === undefined ? undefined : nameOf(order, 'ord').id;
    const before = c.req.query('before') || undefined;
    return c.json(drawMessages(await house.listNotifications({ limit: PAGE_ROWS, ...defined({ before, order_id }) })));
  });
  app.get('/admin/inbox/:name', async (c) => {
    const { id, wants_json } = nameOf(c.req.param('name'), 'msg');
    const message = await messageOf(house, id);
    return wants_json ? c.json(drawMessage(message)) : answerPage(c, shop, messagePage(message));
  });
  app.get('/admin/inbox/:name/html', async (c) => {
    const message = await messageOf(house, nameOf(c.req.param('name'), 'msg').id);
    if (message.html_body === null) throw nothingHere();
    return c.html(message.html_body, 200, { 'Content-Security-Policy': MAIL_POLICY, 'Referrer-Policy': 'no-referrer' });
  });
}

/** For everybody else, also for whoever comes through a proxy on this computer, these pages do not exist. */
const onlyThisComputer = createMiddleware<HttpEnv>(async (c, next) => {
  if (!isOfThisComputer(c)) throw nothingHere();
  await next();
});

function answerFailure(c: Context<HttpEnv>, house: HttpHouse, error: Error): Response {
  reportFailure(c, house.log, error);
  const failure = describeFailure(error, c.get('request_id'));
  if (c.req.path.endsWith('.json') || !(c.req.header('Accept') ?? '').includes('text/html'))
    return drawFailure(c, failure);
  const title = failure.status === 404 ? 'Not found' : 'This did not work';
  const body = html`<h1>${title}</h1><p class="lead">${failure.sentence}</p><p><a href="/admin/orders">All orders</a></p>
<p class="quiet">Request <code>${c.get('request_id')}</code>${failure.status >= 500 ? ': the log has the reason.' : null}</p>`;
  const status = failure.status === 404 ? 404 : failure.status >= 500 ? 500 : 400;
  return answerPage(c, house.settings.seller.name, { title, place: 'orders', crumbs: [], body, status });
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * `ord_…`, or the plain UUID as the log and the database have it, and either with `.json` behind it.
 * @throws KassaError `not_found` for anything else.
 */
function nameOf(text: string, prefix: string): { id: string; wants_json: boolean } {
  const wants_json = text.endsWith('.json');
  const name = wants_json ? text.slice(0, -'.json'.length) : text;
  const id = UUID.test(name) ? name : fromTypeId(prefix, name);
  if (id === undefined) throw nothingHere();
  return { id, wants_json };
}

async function storyOf(house: HttpHouse, id: string): Promise<OrderStory> {
  const story = await house.readStory(id);
  if (story === undefined) throw nothingHere();
  return story;
}

async function messageOf(house: HttpHouse, id: string): Promise<NotificationView> {
  const message = await house.readNotification(id);
  if (message === undefined) throw nothingHere();
  return message;
}

function nothingHere(): KassaError {
  return new KassaError('not_found', 'There is nothing here.');
}

/** Leaves out what is undefined, as exact optional fields want it. */
function defined<T extends Record<string, string | undefined>>(fields: T): { [Key in keyof T]?: string } {
  const kept = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(kept) as { [Key in keyof T]?: string };
}
