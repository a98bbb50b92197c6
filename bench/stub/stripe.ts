// A stub of Stripe for measuring: set latency, set limits per second and endpoint, books of what it was asked. It
// knows nothing but opening a session and reading one: whatever has rules is tried against @kassa/sandbox instead.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

interface Setting {
  /** How long an answer takes, in milliseconds. */
  latency_ms: number;
  /** Calls per second of each endpoint; more are answered 429. Null: no limit. */
  per_second: number | null;
}

interface Books {
  calls: Record<string, number>;
  refused: number;
  /** The session of each idempotency key: a repeat gets the same one, as at Stripe. */
  sessions: Map<string, string>;
  /** How long each answer was held back, in milliseconds. */
  took_ms: number[];
}

const setting: Setting = { latency_ms: 0, per_second: null };
const books: Books = { calls: {}, refused: 0, sessions: new Map(), took_ms: [] };
/** Tells the sessions of this run from those of earlier ones, which a database that is kept still knows. */
const RUN = Date.now().toString(36);
const second = new Map<string, { at_s: number; calls: number }>();

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const from_ms = performance.now();
    const answer = (): void => {
      // Timers fire late, by a millisecond or more: what a caller waited for here is told as it was.
      books.took_ms.push(performance.now() - from_ms);
      handle(request, response, Buffer.concat(chunks).toString('utf8'));
    };
    if (setting.latency_ms === 0) answer();
    else setTimeout(answer, setting.latency_ms);
  });
});

function handle(request: IncomingMessage, response: ServerResponse, body: string): void {
  const path = (request.url ?? '').replace(/\?.*/, '');
  const endpoint = `${request.method} ${path.replace(/cs_test_\w+/, ':id')}`;
  books.calls[endpoint] = (books.calls[endpoint] ?? 0) + 1;
  if (isOverLimit(endpoint)) {
    books.refused += 1;
    send(response, 429, refusal('rate_limit', 'Slow down.'));
  } else if (endpoint === 'POST /v1/checkout/sessions') {
    send(response, 200, opened(new URLSearchParams(body), String(request.headers['idempotency-key'] ?? '')));
  } else if (endpoint === 'GET /v1/checkout/sessions/:id/line_items') {
    send(response, 200, { object: 'list', url: path, has_more: false, data: [lineOf(path)] });
  } else {
    send(response, 404, refusal('resource_missing', 'No such thing.'));
  }
}

/** The one line of any session. Without a price, which whoever keeps prices would ask for besides. */
function lineOf(path: string): object {
  const id = `li_${/cs_test_(\w+)/.exec(path)?.[1]}`;
  const sums = { amount_discount: 0, amount_subtotal: 2000, amount_tax: 0, amount_total: 2000 };
  return { id, object: 'item', ...sums, currency: 'usd', description: 'Seat', price: null, quantity: 1 };
}

function refusal(code: string, message: string): object {
  return { error: { type: 'invalid_request_error', code, message } };
}

function isOverLimit(endpoint: string): boolean {
  if (setting.per_second === null) return false;
  const at_s = Math.floor(Date.now() / 1_000);
  const known = second.get(endpoint);
  const counted = known?.at_s === at_s ? known : { at_s, calls: 0 };
  counted.calls += 1;
  second.set(endpoint, counted);
  return counted.calls > setting.per_second;
}

function opened(form: URLSearchParams, key: string): object {
  const id = books.sessions.get(key) ?? `cs_test_stub${RUN}${String(books.sessions.size).padStart(10, '0')}`;
  books.sessions.set(key === '' ? id : key, id);
  const quantity = Number(form.get('line_items[0][quantity]') ?? 1);
  const amount_total = quantity * Number(form.get('line_items[0][price_data][unit_amount]') ?? 0);
  return {
    id,
    object: 'checkout.session',
    amount_total,
    currency: form.get('line_items[0][price_data][currency]'),
    client_reference_id: form.get('client_reference_id'),
    client_secret: null,
    created: Math.floor(Date.now() / 1_000),
    livemode: false,
    metadata: {},
    mode: 'payment',
    payment_intent: null,
    payment_status: 'unpaid',
    status: 'open',
    url: `https://checkout.example/c/pay/${id}`,
  };
}

function send(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
  response.end(text);
}

process.on('message', (question: { set?: Partial<Setting>; forget?: true }) => {
  Object.assign(setting, question.set);
  if (question.forget) {
    books.calls = {};
    books.refused = 0;
    books.sessions.clear();
    books.took_ms = [];
  }
  const { calls, refused, sessions, took_ms } = books;
  const median_ms = took_ms.toSorted((left, right) => left - right)[Math.floor(took_ms.length / 2)] ?? 0;
  process.send?.({ calls, refused, sessions: sessions.size, median_ms });
});
process.on('SIGTERM', () => process.exit(0));
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.({ ready: true, port: typeof address === 'object' ? address?.port : 0 });
});
