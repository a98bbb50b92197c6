import { ApiFailure } from '../kernel/failure.ts';
import { API_VERSION, SANDBOX_VERSION } from '../kernel/options.ts';
import { holdsControlToken, json } from '../web/respond.ts';
import type { House } from '../web/web.ts';

/** One control call. `body` is the parsed JSON, `ids` the variable parts of the path. */
type Action = (house: House, call: { body: Body; ids: string[]; url: URL }) => unknown;
// The functions behind check what they get; here a body is only known to be an object, hence `as never` below.
type Body = Record<string, unknown>;

const NO_BODY: Body = {};

const ACTIONS: [method: string, path: RegExp, action: Action][] = [
  ['GET', /^health$/, (house) => health(house)],
  ['POST', /^faults$/, ({ control }, { body }) => ({ id: control.addFault(body as never) })],
  ['GET', /^faults$/, ({ control }) => control.faults()],
  ['DELETE', /^faults(?:\/(\w+))?$/, ({ control }, { ids }) => done(control.removeFault(ids[0]))],
  [
    'POST',
    /^chaos$/,
    ({ control }, { body }) => done(control.setChaos(Object.keys(body).length > 0 ? (body as never) : undefined)),
  ],
  ['POST', /^limiter$/, ({ control }, { body }) => done(control.setLimiter(limits(body)))],
  ['POST', /^webhooks\/rules$/, ({ control }, { body }) => ({ id: control.addWebhookRule(body as never) })],
  ['GET', /^webhooks\/rules$/, ({ control }) => control.webhookRules()],
  ['DELETE', /^webhooks\/rules(?:\/(\w+))?$/, ({ control }, { ids }) => done(control.removeWebhookRule(ids[0]))],
  ['POST', /^webhooks\/release$/, ({ control }) => ({ released: control.release() })],
  ['POST', /^events\/(\w+)\/resend$/, ({ control }, { ids }) => control.resend(ids[0] ?? '').then(done)],
  [
    'POST',
    /^webhook_endpoints\/(\w+)\/roll$/,
    ({ control }, { body, ids }) => control.rollSecret(ids[0] ?? '', body).then((secret) => ({ secret })),
  ],
  [
    'POST',
    /^clock$/,
    ({ control, world }, { body }) => moveClock(control, body).then(() => ({ now: world.clock.now() })),
  ],
  ['POST', /^sessions\/(\w+)\/pay$/, ({ control }, { body, ids }) => control.pay(ids[0] ?? '', body as never)],
  [
    'POST',
    /^(?:payment_intents|setup_intents)\/(\w+)\/authenticate$/,
    ({ control }, { body, ids }) => control.authenticate(ids[0] ?? '', body.result as never).then(done),
  ],
  [
    'POST',
    /^disputes$/,
    ({ control }, { body: { charge, ...facts } }) => control.openDispute(String(charge), facts as never),
  ],
  [
    'POST',
    /^disputes\/(\w+)$/,
    ({ control }, { body, ids }) => control.moveDispute(ids[0] ?? '', body.status as never),
  ],
  ['POST', /^refunds\/(\w+)\/fail$/, ({ control }, { ids }) => control.settleRefund(ids[0] ?? '', 'failed')],
  [
    'POST',
    /^refunds\/(\w+)\/settle$/,
    ({ control }, { body, ids }) => control.settleRefund(ids[0] ?? '', body.result as never),
  ],
  [
    'POST',
    /^async\/(\w+)$/,
    ({ control }, { body, ids }) => control.finishAsync(ids[0] ?? '', (body.result ?? 'succeeds') as never),
  ],
  ['POST', /^seed$/, ({ control }, { body }) => control.seed(body as never).then(done)],
  ['POST', /^reset$/, ({ control }) => done(control.reset())],
  ['POST', /^snapshots$/, ({ control }, { body }) => done(control.snapshot(body.name as never))],
  ['GET', /^snapshots$/, ({ control }) => control.snapshots()],
  ['POST', /^snapshots\/([^/]+)\/restore$/, ({ control }, { ids }) => done(control.restore(ids[0] ?? ''))],
  ['GET', /^snapshots\/([^/]+)$/, ({ control }, { ids }) => control.readSnapshot(ids[0] ?? '')],
  ['DELETE', /^snapshots\/([^/]+)$/, ({ control }, { ids }) => done(control.removeSnapshot(ids[0] ?? ''))],
  ['GET', /^requests$/, ({ control }, { url }) => control.requests(filterOf(url))],
  ['GET', /^deliveries$/, ({ control }, { url }) => control.deliveries(filterOf(url))],
  ['GET', /^unsupported$/, ({ control }) => control.unsupported()],
  ['GET', /^ignored$/, ({ control }) => control.ignored()],
  ['GET', /^books$/, ({ control }, { url }) => control.books(url.searchParams.get('account') ?? undefined)],
  ['GET', /^options$/, ({ control }) => control.options()],
  ['POST', /^options$/, ({ control }, { body }) => control.setOption(body as never)],
  ['POST', /^tick$/, ({ drain }) => drain().then((ran) => ({ ran }))],
];

function done(_: unknown): { done: true } {
  return { done: true };
}

function limits(body: Body): { endpoint?: number; overall?: number } | undefined {
  return Object.keys(body).length > 0 ? (body as never) : undefined;
}

function filterOf(url: URL): { path?: string; event?: string; since_ms?: number } {
  const { path, event, since } = Object.fromEntries(url.searchParams);
  return {
    ...(path === undefined ? {} : { path }),
    ...(event === undefined ? {} : { event }),
    ...(since === undefined ? {} : { since_ms: Number(since) }),
  };
}

function moveClock(control: House['control'], body: Body): Promise<void> {
  const { advance_ms, set_ms, allow_backward } = body as {
    advance_ms?: number;
    set_ms?: number;
    allow_backward?: boolean;
  };
  if (set_ms !== undefined) return control.setTime(set_ms, { allow_backward: allow_backward === true });
  return control.advance(advance_ms ?? 0);
}

function health({ world }: House): unknown {
  const rows = world.database.all('select type, count(*) as n from objects where deleted = 0 group by type');
  return {
    version: SANDBOX_VERSION,
    api_version: API_VERSION,
    now_ms: world.clock.now(),
    objects: Object.fromEntries(rows.map((row) => [row.type, row.n])),
  };
}

async function readBody(request: Request): Promise<Body> {
  const text = request.method === 'POST' ? await request.text() : '';
  if (text === '') return NO_BODY;
  const body: unknown = JSON.parse(text);
  if (body === null || typeof body !== 'object' || Array.isArray(body))
    throw new SyntaxError('The body is a JSON object.');
  return body as Body;
}

/**
 * `/_sandbox/*`: the control functions over HTTP, for other processes of this machine. A plain browser form cannot
 * send the header, and a served sandbox also wants the token that was printed at its start, unless whoever runs it has
 * said that every program of this machine may.
 */
export async function handleControl(house: House, request: Request, url: URL): Promise<Response> {
  const open = request.method === 'GET' && url.pathname === '/_sandbox/health';
  if (!open && request.headers.get('x-sandbox-control') !== '1') {
    return json({ error: 'Control calls carry the header X-Sandbox-Control: 1.' }, 403);
  }
  const guarded = house.world.served && house.world.runtime.require_control_token;
  if (!open && guarded && !holdsControlToken(house.world, request)) {
    return json({ error: 'Control calls carry the header X-Sandbox-Token with the token printed at start.' }, 403);
  }
  const rest = decoded(url.pathname.slice('/_sandbox/'.length));
  for (const [method, path, action] of ACTIONS) {
    const match = request.method === method ? path.exec(rest) : null;
    if (match) return run(house, request, action, { ids: match.slice(1), url });
  }
  return json({ error: `There is no control call ${request.method} ${url.pathname}.` }, 404);
}

/** A name may hold spaces; what cannot be decoded stays as it is and leads nowhere. */
function decoded(path: string): string {
  return path.replaceAll(/(?:%20)+/g, (spaces) => ' '.repeat(spaces.length / 3));
}

async function run(
  house: House,
  request: Request,
  action: Action,
  call: { ids: string[]; url: URL },
): Promise<Response> {
  try {
    return json((await action(house, { ...call, body: await readBody(request) })) ?? { done: true });
  } catch (error) {
    house.world.log({ what: 'control refused', path: call.url.pathname, error: String(error) });
    if (error instanceof ApiFailure) return json({ error: error.body }, error.status);
    return json({ error: error instanceof Error ? error.message : String(error) }, 400);
  }
}
