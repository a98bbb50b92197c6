// Goal: whatever a caller sends to whichever contract, it is answered as docs/contracts/README.md says, and what is
// refused leaves no trace.
// Method: each rule against each endpoint of each contract of the running shop, over HTTP.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CONTRACTS, type Contract, dueAt, get, post } from './world/contracts.ts';
import { CREATE, GIVE, open, stockOf } from './world/hosted.ts';
import { newAddress } from './world/http.ts';
import { changed } from './world/rows.ts';
import { OTHER_KEY } from './world/sandbox.ts';
import { openShop, type Shop } from './world/shop.ts';
import { until } from './world/until.ts';
import { deliver, eventOf } from './world/webhook.ts';

const CARD = '4242424242424242';
const MINUTE_MS = 60_000;
/** Longer than any hold of this shop. */
const HOLD_MS = 40 * MINUTE_MS;

let shop: Shop;
beforeAll(async () => {
  shop = await openShop({ variant: 'plenty' });
});
afterAll(() => shop?.close());
beforeEach(async () => {
  await shop.sandbox.calm();
  await shop.clear();
  // Nobody has asked for anything within the last minute.
  await shop.pass(MINUTE_MS + 1_000);
});

let keys = 0;
const newKey = (): { 'Idempotency-Key': string } => {
  keys += 1;
  return { 'Idempotency-Key': `a-key-of-the-checks-${process.pid}-${keys}` };
};
const each = describe.each(CONTRACTS.map((contract) => [contract.name, contract] as const));
/** How many objects to be paid were opened at Stripe since then. */
const openedSince = async (since_ms: number): Promise<number> => {
  const calls = await shop.sandbox.calls(since_ms);
  const opening = ['/v1/checkout/sessions', '/v1/payment_intents'];
  return calls.filter(({ method, path, status }) => method === 'POST' && opening.includes(path) && status === 200)
    .length;
};
/** The next millisecond of the sandbox: everything before it has happened before. */
const mark = async (): Promise<number> => {
  const now = await shop.sandbox.now();
  await until('a millisecond has passed', async () => ((await shop.sandbox.now()) > now ? true : undefined));
  return now + 1;
};

test('check 1: every answer has Request-Id and Cache-Control: no-store', async () => {
  const seen = new Set<unknown>();
  const look = (what: string, answer: Awaited<ReturnType<Shop['get']>>): void => {
    const { headers } = answer;
    expect([what, headers['request-id']]).toEqual([what, expect.stringMatching(/^req_[0-7][0-9a-hjkmnp-tv-z]{25}$/)]);
    expect([what, headers['cache-control']]).toEqual([what, 'no-store']);
    expect([what, headers['x-content-type-options']]).toEqual([what, 'nosniff']);
    expect([what, seen.has(headers['request-id'])]).toEqual([what, false]);
    seen.add(headers['request-id']);
    if (headers['content-type']?.startsWith('application/json')) {
      expect([what, headers['content-type']]).toEqual([what, 'application/json; charset=utf-8']);
    }
  };
  const refused = (what: string, answer: Awaited<ReturnType<Shop['get']>>, status: number): void => {
    look(what, answer);
    expect([what, answer.status]).toEqual([what, status]);
    expect([what, answer.headers['kassa-error-code']]).toEqual([what, expect.stringMatching(/^[A-Z_]+$/)]);
  };
  for (const contract of CONTRACTS) {
    for (const wish of contract.creates(shop)) {
      const at = `${contract.name} ${wish.path}`;
      const good = await post(shop, wish);
      expect([at, good.status, good.text]).toEqual([at, 200, good.text]);
      look(at, good);
      refused(`${at} wrong method`, await shop.send('DELETE', wish.path, { headers: { ...wish.headers } }), 405);
      refused(`${at} wrong type`, await post(shop, wish, { headers: { 'Content-Type': 'text/plain' } }), 415);
      refused(`${at} too large`, await shop.post(wish.path, Buffer.alloc(70_000, ' '), jsonBytes(wish.headers)), 413);
      refused(`${at} not JSON`, await shop.post(wish.path, '{', jsonBytes(wish.headers)), 400);
      look(`${at} preflight`, await shop.send('OPTIONS', wish.path, { headers: { Origin: 'https://shop.example' } }));
      await shop.clear();
    }
    for (const wish of await contract.gets(shop)) {
      look(`${contract.name} ${wish.path}`, await get(shop, wish));
      look(`${contract.name} HEAD ${wish.path}`, await get(shop, wish, 'HEAD'));
    }
  }
  refused('nothing here', await shop.get('/nothing/here'), 404);
  for (const path of ['/payments/webhook', '/webhook']) {
    look(path, await deliver(shop, eventOf('customer.created', { id: 'cus_checks', object: 'customer' }), { path }));
    look(`${path} refused`, await shop.post(path, 'x'));
    look(`${path} wrong method`, await shop.get(path));
  }
});

function jsonBytes(headers: Readonly<Record<string, string>> | undefined): { headers: Record<string, string> } {
  return { headers: { 'Content-Type': 'application/json', ...headers } };
}

each('%s', (_name, contract: Contract) => {
  test('check 2: GET on a POST path is 405 with Allow', async () => {
    for (const { path, headers } of await contract.posts(shop)) {
      const answer = await shop.get(path, { headers: { ...headers } });
      expect([path, answer.status]).toEqual([path, 405]);
      expect(String(answer.headers.allow).split(/, */)).toContain('POST');
      expect(String(answer.headers.allow).split(/, */)).not.toContain('GET');
    }
  });

  test('check 3: POST with a text/plain body is 415 on every JSON endpoint, and the database is the same', async () => {
    const posts = await contract.posts(shop);
    await shop.rest();
    const before = await shop.rows.dump();
    for (const { path, body, headers } of posts) {
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', 'text/json']) {
        const text = JSON.stringify(body);
        const answer = await shop.post(path, text, { headers: { ...headers, 'Content-Type': type } });
        expect([path, type, answer.status]).toEqual([path, type, 415]);
        expect(answer.headers['kassa-error-code']).toBe('UNSUPPORTED_MEDIA_TYPE');
        contract.refusal(answer);
      }
      const bare = await shop.post(path, '{"a":1}', { headers: { ...headers } });
      expect([path, 'no type', bare.status]).toEqual([path, 'no type', 415]);
    }
    expect(changed(before, await shop.rows.dump())).toEqual([]);
  });

  test('check 4: a body of 65 537 bytes is 413, one of 65 536 valid bytes is not', async () => {
    for (const { path, body, headers } of await contract.posts(shop)) {
      const padded = (bytes: number): string => JSON.stringify(body).padEnd(bytes, ' ');
      const over = await shop.post(path, padded(65_537), jsonBytes(headers));
      expect([path, over.status, over.headers['kassa-error-code']]).toEqual([path, 413, 'BODY_TOO_LARGE']);
      contract.refusal(over);
      // Counted while it arrives, not believed from its own word.
      const chunked = { ...jsonBytes(headers), chunked: true };
      expect([path, (await shop.post(path, padded(65_537), chunked)).status]).toEqual([path, 413]);
      const just = await shop.post(path, padded(65_536), jsonBytes(headers));
      expect([path, just.status, just.text]).toEqual([path, 200, just.text]);
    }
  });

  test('check 5: a card number in any field is 400 CARD_DATA_REFUSED and in no log line', async () => {
    const posts = await contract.posts(shop);
    await shop.rest();
    const before = await shop.rows.dump();
    const ways = [CARD, `pay with ${CARD} please`, '4242 4242 4242 4242', '4242-4242-4242-4242', '378282246310005'];
    for (const { path, body, headers } of posts) {
      const fields = [...Object.keys(body), 'note'];
      for (const way of ways) {
        for (const field of way === CARD ? fields : ['note']) {
          for (const value of [way, { deep: [way] }, { [way]: 1 }]) {
            const answer = await shop.post(path, { ...body, [field]: value }, { headers: { ...headers } });
            const told = [path, field, answer.status, answer.headers['kassa-error-code']];
            expect(told).toEqual([path, field, 400, 'CARD_DATA_REFUSED']);
            contract.refusal(answer);
            expect(answer.text).not.toContain(way);
          }
        }
      }
    }
    expect(changed(before, await shop.rows.dump())).toEqual([]);
    const log = shop.log();
    expect(log.length).toBeGreaterThan(0);
    for (const way of ways) expect(log).not.toContain(way);
  });

  test('check 6: a body with __proto__ is 400, and no later answer differs', async () => {
    const told = async (): Promise<unknown> => {
      const answers = [];
      for (const wish of contract.creates(shop)) answers.push(await post(shop, wish));
      await shop.clear();
      return answers.map(({ status, value }) => [
        status,
        typeof value === 'object' ? Object.keys(value ?? {}) : typeof value,
      ]);
    };
    const before = await told();
    for (const { path, body, headers } of await contract.posts(shop)) {
      for (const poison of [
        '"__proto__":{"status":500}',
        '"constructor":{"prototype":{"a":1}}',
        '"x":{"__proto__":1}',
      ]) {
        const text = JSON.stringify(body).replace(/}$/, `${Object.keys(body).length > 0 ? ',' : ''}${poison}}`);
        const answer = await shop.post(path, text, jsonBytes(headers));
        expect([path, poison, answer.status]).toEqual([path, poison, 400]);
        contract.refusal(answer);
      }
    }
    expect(await told()).toEqual(before);
  });

  test('check 7: extra fields price, unit_amount, total, discount on every create leave the amount at Stripe as it is', async () => {
    for (const wish of contract.creates(shop)) {
      for (const value of [1, 0, -5, '0.01', 9_999_999, { amount: 1 }, [1], null, true]) {
        const tricks = {
          price: value,
          unit_amount: value,
          total: value,
          discount: value,
          tax: value,
          price_data: value,
        };
        const answer = await post(shop, { ...wish, body: { ...tricks, ...wish.body } });
        expect([wish.path, answer.status, answer.text]).toEqual([wish.path, 200, answer.text]);
        expect(await dueAt(shop, wish.at(answer))).toBe(wish.cents);
        await shop.clear();
      }
    }
  });

  test('check 8: the same Idempotency-Key and body twice give the same status and body, the second replayed, one object at Stripe', async () => {
    for (const wish of contract.creates(shop)) {
      const [since, headers] = [await mark(), newKey()];
      const first = await post(shop, wish, { headers });
      const second = await post(shop, wish, { headers });
      expect([first.status, first.headers['idempotent-replayed']]).toEqual([200, undefined]);
      expect([second.status, second.text]).toEqual([first.status, first.text]);
      expect(second.headers['idempotent-replayed']).toBe('true');
      expect(await openedSince(since)).toBe(1);
      const other = await post(shop, wish, { headers: newKey() });
      expect(other.text).not.toBe(first.text);
    }
  });

  test('check 9: the same key with another body is 409 IDEMPOTENCY_KEY_REUSED', async () => {
    for (const wish of contract.creates(shop)) {
      const [since, headers] = [await mark(), newKey()];
      expect((await post(shop, wish, { headers })).status).toBe(200);
      const other = await post(
        shop,
        { ...wish, body: { ...wish.body, metadata: { source: 'elsewhere' } } },
        { headers },
      );
      expect([other.status, other.headers['kassa-error-code']]).toEqual([409, 'IDEMPOTENCY_KEY_REUSED']);
      contract.refusal(other);
      expect(await openedSince(since)).toBe(1);
    }
  });

  test('check 10: the same key in 20 parallel requests makes one object at Stripe; the others replay or are 409 IDEMPOTENCY_KEY_IN_USE', async () => {
    for (const wish of contract.creates(shop)) {
      const [since, headers] = [await mark(), newKey()];
      const answers = await Promise.all(Array.from({ length: 20 }, () => post(shop, wish, { headers })));
      const good = answers.filter(({ status }) => status === 200);
      expect(good.length).toBeGreaterThan(0);
      expect(new Set(good.map(({ text }) => text)).size).toBe(1);
      expect(good.filter((answer) => answer.headers['idempotent-replayed'] === undefined)).toHaveLength(1);
      for (const answer of answers.filter(({ status }) => status !== 200)) {
        expect([answer.status, answer.headers['kassa-error-code']]).toEqual([409, 'IDEMPOTENCY_KEY_IN_USE']);
        expect(answer.headers['retry-after']).toBe('1');
        contract.refusal(answer);
      }
      expect(await openedSince(since)).toBe(1);
      await shop.clear();
    }
  });

  test('check 11: Stripe answers 500 with a canary text, and the canary is in no answer', async () => {
    const canary = 'canary_of_stripe_51';
    const gets = await contract.unsettled(shop);
    const fails = { kind: 'error', when: 'before', status: 500, code: canary, should_retry: false };
    for (const fault of [fails, { ...fails, when: 'after' }, { ...fails, status: 402 }, { ...fails, status: 400 }]) {
      for (const wish of contract.creates(shop)) {
        await shop.sandbox.fault({ match: { method: 'POST' }, times: 3, fault });
        const answer = await post(shop, wish);
        expect([wish.path, answer.text.includes(canary)]).toEqual([wish.path, false]);
        expect(JSON.stringify(answer.headers)).not.toContain(canary);
        expect(answer.status).toBeGreaterThanOrEqual(400);
        contract.refusal(answer);
        await shop.sandbox.calm();
      }
    }
    await shop.sandbox.fault({ match: { method: 'GET' }, times: 10, fault: fails });
    await shop.pass(10_000);
    for (const wish of gets) expect((await get(shop, wish)).text).not.toContain(canary);
  });

  test('check 12: with Stripe down a create is 503 with Retry-After; when it is back no hold outlives its time', async () => {
    for (const wish of contract.creates(shop)) {
      const up = await shop.sandbox.goDown();
      const answer = await post(shop, wish);
      expect([answer.status, answer.headers['kassa-error-code']]).toEqual([503, 'PAYMENT_PROVIDER_UNAVAILABLE']);
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
      contract.refusal(answer);
      await up();
      await shop.pass(HOLD_MS);
      await until('nothing is held that was held then', async () => {
        const held = await shop.rows.read(`select id from kassa.holds where state = 'held'`);
        const open = await shop.rows.read(
          `select id from kassa.payment_transactions where payment_status = 'initiated'`,
        );
        // What the sweeper has opened by now has a hold of its own time; that time passes too.
        if (held.length + open.length > 0) await shop.pass(MINUTE_MS);
        return held.length + open.length === 0 ? true : undefined;
      });
    }
  });

  test('check 15: an unknown id and another tenant’s id give byte-equal bodies', async () => {
    const told = async (id: string): Promise<readonly unknown[]> => {
      const wish = contract.ask(shop, id);
      const answer = await ('body' in wish ? post(shop, wish) : get(shop, wish));
      return [answer.status, answer.text.replaceAll(String(answer.headers['request-id']), 'req_…')];
    };
    const unknown = await told('cs_test_unknownunknownunknown');
    expect(unknown[0]).toBe(404);
    const headers = (await contract.elsewhere?.(shop)) ?? {};
    for (const wish of contract.creates(shop)) {
      const body = JSON.parse(JSON.stringify(wish.body).replaceAll('shop.example', 'other.example'));
      const theirs = await shop.post(wish.path, body, { host: 'other.test', headers });
      expect([theirs.status, theirs.text]).toEqual([200, theirs.text]);
      const id = wish.at(theirs).split('/').at(-1) ?? '';
      expect(await told(id)).toEqual(unknown);
      // It is there, in the account of that shop.
      expect((await shop.sandbox.ask('GET', wish.at(theirs), undefined, OTHER_KEY)).status).toBe(200);
    }
  });

  test('check 16: all GETs crawled twice on settled data leave the database as it is', async () => {
    const gets = await contract.gets(shop);
    await shop.rest();
    const before = await shop.rows.dump();
    for (let round = 0; round < 2; round += 1) {
      for (const wish of gets)
        expect([wish.path, (await get(shop, wish)).status]).toEqual([wish.path, expect.any(Number)]);
      await shop.pass(10_000);
    }
    await shop.rest();
    expect(changed(before, await shop.rows.dump())).toEqual([]);
  });

  test('check 17: HEAD on each GET has the same status, no body, and changes nothing, not even for an unsettled paid session', async () => {
    await shop.sandbox.hook({ action: { kind: 'drop' } });
    // Nor does the reconciler find out, whose time may come while this one passes.
    for (const path of ['/v1/checkout/sessions', '/v1/payment_intents', '/v1/events']) {
      const fault = { kind: 'error', when: 'before', status: 500, should_retry: false };
      await shop.sandbox.fault({ match: { method: 'GET', path }, times: 1_000, fault });
    }
    const gets = await contract.unsettled(shop);
    await shop.pass(10_000);
    const before = await shop.rows.dump();
    const heads = [];
    for (const wish of gets) heads.push(await get(shop, wish, 'HEAD'));
    expect(changed(before, await shop.rows.dump())).toEqual([]);
    expect(heads.map(({ text }) => text)).toEqual(gets.map(() => ''));
    const read = [];
    for (const wish of gets) read.push(await get(shop, wish));
    expect(heads.map(({ status }) => status)).toEqual(read.map(({ status }) => status));
    // What HEAD must not do, GET may: here it was there to be done.
    if (contract.reads_settle) expect(changed(before, await shop.rows.dump())).not.toEqual([]);
  });

  test('check 20: an id of live mode, asked in test mode, is 404 or 400 and shows nothing', async () => {
    const [wish] = contract.creates(shop);
    const opened = wish && (await post(shop, wish));
    const id = opened && wish?.at(opened).split('/').at(-1);
    // A payment without a session has one form in both modes, so only a session can be asked for by the other one.
    const live = String(id).startsWith('cs_test_') ? [String(id).replace('_test_', '_live_')] : [];
    for (const asked of [...live, 'cs_live_a1b2c3']) {
      const found = contract.ask(shop, asked);
      const answer = await ('body' in found ? post(shop, found) : get(shop, found));
      expect([400, 404]).toContain(answer.status);
      contract.refusal(answer);
    }
  });
});

describe('limits', () => {
  test.each(CONTRACTS.map((contract) => [contract.name, contract] as const))(
    'check 13: over the rate limit of %s it is 429 with Retry-After, in the contract’s own shape',
    async (_name, contract) => {
      const [from, { count, send }] = [newAddress(), await contract.limited(shop)];
      // Some at a time: one after the other, a busy computer would be slower than the limit.
      for (let sent = 0; sent < count; sent += 10) {
        const told = await Promise.all(Array.from({ length: Math.min(10, count - sent) }, () => send(from)));
        for (const { status } of told) expect([sent, status]).not.toEqual([sent, 429]);
      }
      const over = await send(from);
      expect([over.status, over.headers['kassa-error-code']]).toEqual([429, 'RATE_LIMITED']);
      contract.refusal(over);
      const wait_s = Number(over.headers['retry-after']);
      expect(wait_s).toBeGreaterThan(0);
      expect(wait_s).toBeLessThanOrEqual(60);
      expect((await shop.post(CREATE, GIVE)).status).toBe(200);
      await shop.pass(wait_s * 1_000);
      expect((await send(from)).status).not.toBe(429);
    },
  );

  test('check 14: a forged X-Forwarded-For without configured proxies does not lift the limit', async () => {
    const from = newAddress();
    const told: number[] = [];
    for (let turn = 0; turn < 11; turn += 1) {
      const headers = {
        'X-Forwarded-For': `203.0.113.${turn}`,
        'X-Real-IP': `203.0.113.${turn}`,
        Forwarded: `for=203.0.113.${turn}`,
      };
      told.push((await shop.post(CREATE, GIVE, { from, headers })).status);
    }
    expect(told).toEqual([...Array(10).fill(200), 429]);
  });
});

test('check 18: after a crash between the order’s row and the call to Stripe, a restart finishes the order with the same key or expires it, and the stock is back', async () => {
  let fragile = await openShop();
  try {
    const { held } = await stockOf(fragile, 'print');
    await fragile.sandbox.fault({
      match: { method: 'POST', path: '/v1/checkout/sessions' },
      times: 100,
      fault: { kind: 'delay', when: 'before', ms: 3_600_000 },
    });
    const lost = fragile.post(CREATE, { stripe_price_id: 'price_123', success_url: 'https://shop.example/pay' });
    const gone = lost.then(
      () => 'answered',
      () => 'gone',
    );
    const attempt = await until('the row is written', async () => {
      const [row] = await fragile.rows.read<{ id: string; order_id: string; payment_status: string }>(
        'select id, order_id, payment_status from kassa.payment_transactions',
      );
      return row;
    });
    expect(attempt.payment_status).toBe('initiated');
    expect((await stockOf(fragile, 'print')).held).toBe(held + 1);
    expect(await fragile.end('SIGKILL')).toBe('SIGKILL');
    expect(await gone).toBe('gone');
    fragile = await fragile.again();
    await fragile.sandbox.calm();
    const settled = await until('the restart has taken the order up', async () => {
      await fragile.pass(15_000);
      const [row] = await fragile.rows.read<{ payment_status: string }>(
        'select payment_status from kassa.payment_transactions where id = $1',
        attempt.id,
      );
      return row?.payment_status === 'initiated' ? undefined : row?.payment_status;
    });
    const keys = (await fragile.sandbox.calls())
      .filter(({ method, path }) => method === 'POST' && path === '/v1/checkout/sessions')
      .map(({ key }) => key);
    expect(new Set(keys).size).toBeLessThanOrEqual(1);
    for (const key of keys) expect(key).toBe(`kassa:${attempt.id}:open`);
    expect(['pending', 'expired', 'canceled', 'failed']).toContain(settled);
    await fragile.pass(HOLD_MS);
    await until('the stock is back', async () => ((await stockOf(fragile, 'print')).held === held ? true : undefined));
    expect(await fragile.rows.read(`select id from kassa.orders where status not in ('expired', 'canceled')`)).toEqual(
      [],
    );
  } finally {
    await fragile.close();
  }
});

test('check 19: a contract that is switched off answers 404 on its paths', async () => {
  const closed = await openShop({ variant: 'nothing-served' });
  try {
    for (const contract of CONTRACTS) {
      for (const wish of contract.creates(closed)) {
        const answer = await post(closed, wish);
        expect([contract.name, wish.path, answer.status]).toEqual([contract.name, wish.path, 404]);
        expect((await closed.get(wish.path)).status).toBe(404);
      }
      const asked = contract.ask(closed, 'cs_test_a1b2c3');
      expect(await ('body' in asked ? post(closed, asked) : get(closed, asked))).toMatchObject({ status: 404 });
    }
    // The inbox belongs to no contract alone: what was sold before is still heard of.
    const event = eventOf('customer.created', { id: 'cus_checks', object: 'customer' });
    expect((await deliver(closed, event)).status).toBe(200);
  } finally {
    await closed.close();
  }
  expect((await open(shop)).session_id).toMatch(/^cs_test_/);
});
