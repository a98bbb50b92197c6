// Goal: a buyer is told once that the order is confirmed, before anything else is done for it, whatever the provider does.
// Method: real Postgres, the real messenger over a real socket to a provider in this process that can be unkind.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Destination, inTransaction } from '../../src/database/index.ts';
import { Bug } from '../../src/kernel/errors.ts';
import { drainOutbox } from '../../src/outbox/drain.ts';
import { httpMessenger, SMS_LIMIT_MS } from '../../src/outbox/sms/http-messenger.ts';
import { catchingMessenger, type Messenger } from '../../src/outbox/sms/messenger.ts';
import { systemHttp } from '../../src/system.ts';
import { type FreshDatabase, freshDatabase } from '../setup/database.ts';
import { eventually } from '../setup/world.ts';
import { deskOn, type HandClock } from './desk.ts';
import { type SmsServer, signatureOf, startSmsServer } from './sms-server.ts';
import { soldOrder } from './sold-order.ts';

const SECRET = 'signs what leaves the test shop';
const CHAT = { contract: 'chat-payments', external_reference: 'ORD123', metadata: { chat_id: 'room-7' } };
const IN_ORDER: Destination[] = ['sms:confirmation', { name: 'hook:order.paid', after: 'sms:confirmation' }];

let fresh: FreshDatabase;
let provider: SmsServer;

beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(() => fresh.drop());
beforeEach(async () => {
  provider = await startSmsServer();
  await fresh.db.deleteFrom('notifications').execute();
  await fresh.db.deleteFrom('deliveries').execute();
});
afterEach(() => provider.close());

const messengerTo = (url: string, clock: HandClock): Messenger =>
  httpMessenger({ url, secret: SECRET, http: systemHttp(), clock, limit_ms: SMS_LIMIT_MS });
function openDesk(change: Parameters<typeof deskOn>[1] = {}, url = provider.url) {
  const desk = deskOn(fresh.db, change);
  return { ...desk, messenger: messengerTo(url, desk.clock) };
}
const notes = () => fresh.db.selectFrom('notifications').selectAll().orderBy('id').execute();
const tickets = () => {
  const handed: string[] = [];
  return { handed, hooks: { 'order.paid': () => void handed.push(`after ${provider.received.length} messages`) } };
};

test('C13: a paid order is confirmed under the caller’s own reference, signed, once, before the tickets leave', async () => {
  const { handed, hooks } = tickets();
  const desk = openDesk({ hooks });
  const { order_id, tell } = await soldOrder(fresh.db, CHAT);
  await tell('order.paid', IN_ORDER);
  expect(await drainOutbox(desk, 10)).toBe(2);
  expect(await drainOutbox(desk, 10)).toBe(0);
  expect(handed).toEqual(['after 1 messages']);
  const [posted] = provider.received;
  if (!posted) throw new Error('nothing was posted');
  expect(posted.body).toEqual({
    id: expect.stringMatching(/^msg_/),
    topic: 'order.paid',
    to: null,
    text: 'Order ORD123 confirmed!',
    order_id: 'ORD123',
    kassa_order_id: expect.stringMatching(/^ord_/),
    contract: 'chat-payments',
    metadata: { chat_id: 'room-7' },
    created_at: desk.clock.now().toISOString(),
  });
  expect(posted.headers).toMatchObject({ 'content-type': 'application/json', 'idempotency-key': posted.body.id });
  const { given, wanted, t } = signatureOf(posted, SECRET);
  expect(given).toBe(wanted);
  expect(t).toBe(Math.floor(desk.clock.now().getTime() / 1000));
  expect(await notes()).toMatchObject([
    {
      order_id,
      channel: 'sms',
      recipient: 'ORD123',
      text_body: 'Order ORD123 confirmed!',
      subject: null,
      state: 'sent',
    },
  ]);
});

test('without a reference of the caller’s the text names Kassa’s own id', async () => {
  const desk = openDesk();
  await (await soldOrder(fresh.db, { contract: 'chat-payments' })).tell('order.paid', ['sms:confirmation']);
  await drainOutbox(desk, 10);
  const [posted] = provider.received;
  expect(posted?.body.order_id).toBe(posted?.body.kassa_order_id);
  expect(posted?.body.text).toMatch(/^Order ord_[0-7][0-9a-z]{25} confirmed!$/);
});

test.each([
  ['the caller noted on the payment', { metadata: { phone: '+1 (555) 123-4567' } }],
  ['the buyer left with the order', { fields: { phone: '+1 555 123 4567', seat: 'B7' } }],
])('a number that %s is where the message goes, in any contract', async (_, left) => {
  const desk = openDesk({ confirmation: '{seller}: {order_id} is paid, {total}. {braces} stay.' });
  await (await soldOrder(fresh.db, { ...left, external_reference: 'A-1' })).tell('order.paid', ['sms:confirmation']);
  await drainOutbox(desk, 10);
  expect(provider.received[0]?.body).toMatchObject({
    to: '+15551234567',
    text: 'Blue Hall: A-1 is paid, $200.00. {braces} stay.',
    contract: 'hosted-checkout',
  });
  expect(await notes()).toMatchObject([{ recipient: '+15551234567' }]);
});

test.each([['nothing'], ['call me'], ['']])(
  'an order of a page whose buyer left "%s" is confirmed to nobody',
  async (phone) => {
    const desk = openDesk();
    await (await soldOrder(fresh.db, { fields: { phone } })).tell('order.paid', ['sms:confirmation']);
    expect(await drainOutbox(desk, 10)).toBe(1);
    expect(provider.received).toHaveLength(0);
    expect(await notes()).toEqual([]);
  },
);

test('a provider that is down or answers elsewhere gets the same message later, and the tickets wait for it', async () => {
  const { handed, hooks } = tickets();
  const desk = openDesk({ hooks });
  await (await soldOrder(fresh.db, CHAT)).tell('order.paid', IN_ORDER);
  provider.answerNext(500, 'hang up', 307, 404);
  for (let tries = 1; tries <= 4; tries += 1) {
    expect(await drainOutbox(desk, 10)).toBe(1);
    expect(handed).toEqual([]);
    desk.clock.pass(10_000);
  }
  expect(await drainOutbox(desk, 10)).toBe(2);
  expect(handed).toEqual(['after 5 messages']);
  expect(new Set(provider.received.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
  expect(new Set(provider.received.map(({ raw }) => raw)).size).toBe(1);
  expect(await notes()).toHaveLength(1);
});

test('a provider that stays silent is not waited for longer than ten seconds', async () => {
  const desk = openDesk();
  await (await soldOrder(fresh.db, CHAT)).tell('order.paid', ['sms:confirmation']);
  provider.answerNext('silence');
  const round = drainOutbox(desk, 10);
  await eventually(() => provider.received[0]);
  desk.clock.pass(SMS_LIMIT_MS);
  expect(await round).toBe(1);
  const [row] = await fresh.db.selectFrom('deliveries').selectAll().execute();
  expect(row).toMatchObject({ attempts: 1, last_error: 'Error: it took longer than 10 seconds', delivered_at: null });
});

test('a worker that dies between the yes and its mark sends again under the same id, and then never again', async () => {
  const desk = openDesk();
  await (await soldOrder(fresh.db, CHAT)).tell('order.paid', ['sms:confirmation']);
  const dying: Messenger = {
    async send(message) {
      await desk.messenger.send(message);
      throw new Error('killed right after the provider said yes');
    },
  };
  await drainOutbox({ ...desk, messenger: dying }, 10);
  desk.clock.pass(5_000);
  await drainOutbox(desk, 10);
  expect(provider.received.map(({ body }) => body.id)).toEqual(Array(2).fill(provider.received[0]?.body.id));
  // The mark of the delivery is lost, the one of the message is not: nothing is sent any more.
  await fresh.db.updateTable('deliveries').set({ delivered_at: null }).execute();
  expect(await drainOutbox(desk, 10)).toBe(1);
  expect(provider.received).toHaveLength(2);
});

test('a provider that never takes it is given up within nine minutes, and then the tickets leave', async () => {
  const { handed, hooks } = tickets();
  const desk = openDesk({ hooks });
  await (await soldOrder(fresh.db, CHAT)).tell('order.paid', IN_ORDER);
  provider.answerNext(...Array<number>(20).fill(503));
  const began_ms = desk.clock.now().getTime();
  while (handed.length === 0) {
    await drainOutbox(desk, 10);
    if (handed.length === 0) desk.clock.pass(1_000);
  }
  expect(provider.received).toHaveLength(10);
  expect(desk.clock.now().getTime() - began_ms).toBeLessThan(9 * 60_000);
  const parked = await fresh.db.selectFrom('deliveries').selectAll().where('parked_at', 'is not', null).execute();
  expect(parked).toMatchObject([
    { destination: 'sms:confirmation', attempts: 10, last_error: 'Error: the address of KASSA_SMS_URL answered 503' },
  ]);
});

test('without a provider the message is caught, complete and readable', async () => {
  const desk = deskOn(fresh.db);
  await (await soldOrder(fresh.db, CHAT)).tell('order.paid', ['sms:confirmation']);
  await drainOutbox(desk, 10);
  expect(await notes()).toMatchObject([{ channel: 'sms', state: 'caught', text_body: 'Order ORD123 confirmed!' }]);
});

test('a name and a password in the address are sent as such, and never in the address', async () => {
  const url = provider.url.replace('//', '//ann:s%3Acret@');
  await (await soldOrder(fresh.db, CHAT)).tell('order.paid', ['sms:confirmation']);
  await drainOutbox(openDesk({}, url), 10);
  const { authorization } = provider.received[0]?.headers ?? {};
  expect(Buffer.from(String(authorization).slice('Basic '.length), 'base64').toString()).toBe('ann:s:cret');
});

test('no short message leaves while a transaction is open', async () => {
  const desk = openDesk();
  const message = {
    ...{ id: 'msg_1', topic: 'order.paid', to: null, text: 'x', order_id: 'A', kassa_order_id: 'ord_1' },
    ...{ contract: 'chat-payments', metadata: {}, created_at: new Date(0) },
  };
  for (const one of [desk.messenger, catchingMessenger()]) {
    await expect(inTransaction(fresh.db, () => one.send(message))).rejects.toThrow(Bug);
  }
  expect(provider.received).toHaveLength(0);
});
