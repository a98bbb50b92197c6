// The stand-in for Stripe as its user reaches it: the API under /v1 with a key, and the control under /_sandbox.
import { type Answer, send } from './http.ts';

export interface Paying {
  readonly outcome?: string;
  readonly email?: string;
  readonly name?: string;
  readonly payment_method?: string;
  readonly decline_code?: string;
}

export interface Call {
  readonly method: string;
  readonly template: string;
  readonly path: string;
  readonly status: number;
  readonly key: string | null;
  readonly at_ms: number;
}

export type Thing = Readonly<Record<string, unknown>> & { readonly id: string };

export interface Sandbox {
  readonly url: string;
  /** One control call. @throws Error when it is refused. */
  control(method: string, path: string, body?: unknown): Promise<unknown>;
  /** The person at the page of a session. */
  pay(session_id: string, paying?: Paying): Promise<{ readonly redirect_url: string | null; readonly result: string }>;
  /** Sessions and intents that Kassa, or a test, may read and move. @throws Error for anything but 200. */
  get(path: string): Promise<Thing>;
  post(path: string, form?: Readonly<Record<string, string>>): Promise<Thing>;
  /** Any answer, whatever its status. With a key of another account than the first shop's, its objects. */
  ask(method: string, path: string, form?: Readonly<Record<string, string>>, key?: string): Promise<Answer>;
  /** What reached /v1 from the shop since `since_ms` of the sandbox's own time, without what this helper asks. */
  calls(since_ms?: number): Promise<readonly Call[]>;
  now(): Promise<number>;
  /** Moves Stripe's clock alone. */
  advance(ms: number): Promise<void>;
  fault(rule: Readonly<Record<string, unknown>>): Promise<void>;
  hook(rule: Readonly<Record<string, unknown>>): Promise<void>;
  /** Stripe cannot be reached from here on, in both directions, until the function that is answered is called. */
  goDown(): Promise<() => Promise<void>>;
  /** Everything goes well again: no faults, no rules for webhooks, no outage. */
  calm(): Promise<void>;
  events(type: string, object_id: string): Promise<readonly Thing[]>;
}

/** Our own reads carry it, so that the journal can tell them from the shop's calls. */
const OWN = 'sk_test_checks';
/** Opens the account of the shop `other`. */
export const OTHER_KEY = 'sk_test_sandbox_acct_other_checks';
const YEAR_MS = 365 * 86_400_000;

export function sandboxAt(url: string, token: string): Sandbox {
  const own = new Set<string>();
  const control: Sandbox['control'] = async (method, path, body) => {
    const headers = { 'X-Sandbox-Control': '1', 'X-Sandbox-Token': token };
    const answer = await send(url, method, `/_sandbox/${path}`, {
      headers,
      from: '127.0.0.1',
      ...(body === undefined ? {} : { body }),
    });
    if (answer.status !== 200) throw new Error(`/_sandbox/${path} answered ${answer.status}: ${answer.text}`);
    return JSON.parse(answer.text);
  };
  const ask: Sandbox['ask'] = async (method, path, form, key = OWN) => {
    const headers: Record<string, string> = { Authorization: `Bearer ${key}` };
    if (form) headers['Content-Type'] = 'application/x-www-form-urlencoded';
    const body = form === undefined ? {} : { body: new URLSearchParams(form).toString() };
    const answer = await send(url, method, path, { headers, from: '127.0.0.1', ...body });
    own.add(String(answer.headers['request-id']));
    return answer;
  };
  const thing = async (method: string, path: string, form?: Readonly<Record<string, string>>): Promise<Thing> => {
    const answer = await ask(method, path, form);
    if (answer.status !== 200) throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text}`);
    return JSON.parse(answer.text) as Thing;
  };
  const now = async (): Promise<number> => ((await control('GET', 'health')) as { now_ms: number }).now_ms;
  return {
    url,
    control,
    ask,
    get: (path) => thing('GET', path),
    post: (path, form = {}) => thing('POST', path, form),
    pay: async (session_id, paying = {}) => {
      const person = { outcome: 'pays', email: 'ann@example.com', name: 'Ann Buyer', ...paying };
      return (await control('POST', `sessions/${session_id}/pay`, person)) as never;
    },
    async calls(since_ms = 0) {
      const all = (await control('GET', `requests?since=${since_ms}`)) as (Call & { id: string })[];
      return all.filter(({ id }) => !own.has(id));
    },
    now,
    advance: async (ms) => void (await control('POST', 'clock', { advance_ms: ms })),
    fault: async (rule) => void (await control('POST', 'faults', rule)),
    hook: async (rule) => void (await control('POST', 'webhooks/rules', rule)),
    async goDown() {
      const from = await now();
      await control('POST', 'chaos', { outages: [{ from, to: from + YEAR_MS, what: 'all' }] });
      return async () => void (await control('POST', 'chaos', {}));
    },
    async calm() {
      await control('DELETE', 'faults');
      await control('DELETE', 'webhooks/rules');
      await control('POST', 'chaos', {});
    },
    async events(type, object_id) {
      const found = await thing('GET', `/v1/events?type=${type}&limit=100`);
      const rows = found.data as (Thing & { data: { object: { id: string } } })[];
      return rows.filter(({ data }) => data.object.id === object_id);
    },
  };
}
