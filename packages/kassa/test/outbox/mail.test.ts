// Goal: each mail reaches the buyer's server at least once under one Message-ID, and never again after its yes.
// Method: real Postgres, the real SMTP client, and a real SMTP server in this process that can be unkind.
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { inTransaction } from '../../src/database/index.ts';
import { Bug } from '../../src/kernel/errors.ts';
import { drainOutbox } from '../../src/outbox/drain.ts';
import { catchingMailer, type Mailer } from '../../src/outbox/mailer.ts';
import { BadAddress, smtpMailer } from '../../src/outbox/smtp.ts';
import { type FreshDatabase, freshDatabase } from '../setup/database.ts';
import { deskOn } from './desk.ts';
import { type MailServer, startMailServer } from './mail-server.ts';
import { soldOrder } from './sold-order.ts';

let fresh: FreshDatabase;
let server: MailServer;
let mailer: Mailer;

beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(() => fresh.drop());
beforeEach(async () => {
  server = await startMailServer();
  mailer = smtpMailer(server.url);
  await fresh.db.deleteFrom('notifications').execute();
  await fresh.db.deleteFrom('deliveries').execute();
});
afterEach(async () => {
  await mailer.close();
  await server.close();
});

const header = (name: string): string | undefined =>
  server.received.at(-1)?.headers.find((line) => line.toLowerCase().startsWith(`${name}:`));

test('a paid order sends one receipt, as text and HTML, to the buyer and nobody else', async () => {
  const desk = deskOn(fresh.db, { mailer });
  const { order_id, tell } = await soldOrder(fresh.db);
  await tell('order.paid', ['mail:receipt']);
  expect(await drainOutbox(desk, 10)).toBe(1);
  expect(await drainOutbox(desk, 10)).toBe(0);
  expect(server.received).toHaveLength(1);
  expect(server.received[0]).toMatchObject({ from: 'tickets@bluehall.test', to: ['ann@example.com'] });
  expect(header('subject')).toBe('Subject: Blue Hall: your order #1001 is paid');
  expect(header('from')).toBe('From: Blue Hall <tickets@bluehall.test>');
  expect(server.received[0]?.raw).toMatch(/multipart\/alternative[\s\S]*text\/plain[\s\S]*text\/html/);
  const [row] = await fresh.db.selectFrom('notifications').selectAll().execute();
  expect(row).toMatchObject({ order_id, state: 'sent', recipient: 'ann@example.com', channel: 'mail' });
  expect(header('message-id')).toBe(`Message-ID: <${row?.delivery_id}@bluehall.test>`);
});

test('a server that says later gets the same mail later, under the same Message-ID', async () => {
  const desk = deskOn(fresh.db, { mailer });
  await (await soldOrder(fresh.db)).tell('order.paid', ['mail:receipt']);
  server.answerNext('451 try later', 'hang up');
  await drainOutbox(desk, 10);
  expect(await drainOutbox(desk, 10)).toBe(0);
  desk.clock.pass(5_000);
  await drainOutbox(desk, 10);
  desk.clock.pass(5_000);
  await drainOutbox(desk, 10);
  expect(server.received).toHaveLength(3);
  const same = (name: string): Set<string | undefined> =>
    new Set(server.received.map(({ headers }) => headers.find((line) => line.toLowerCase().startsWith(name))));
  expect(same('message-id:').size).toBe(1);
  expect(same('date:').size).toBe(1);
  const [delivery] = await fresh.db.selectFrom('deliveries').selectAll().execute();
  expect(delivery).toMatchObject({ attempts: 2, last_error: null });
  expect(delivery?.delivered_at).not.toBeNull();
});

test('a worker that dies between the yes and its mark sends again under the same Message-ID, and then never again', async () => {
  const desk = deskOn(fresh.db, { mailer });
  await (await soldOrder(fresh.db)).tell('order.paid', ['mail:receipt']);
  const dying: Mailer = {
    ...mailer,
    async send(mail) {
      await mailer.send(mail);
      throw new Error('killed right after the server said yes');
    },
  };
  await drainOutbox({ ...desk, mailer: dying }, 10);
  desk.clock.pass(5_000);
  await drainOutbox(desk, 10);
  expect(server.received).toHaveLength(2);
  const [first, second] = server.received.map(({ headers }) => headers.find((line) => /^message-id:/i.test(line)));
  expect(first).toBe(second);
  // The mark of the delivery is lost, the one of the mail is not: nothing is sent any more.
  await fresh.db.updateTable('deliveries').set({ delivered_at: null }).execute();
  expect(await drainOutbox(desk, 10)).toBe(1);
  expect(server.received).toHaveLength(2);
});

test('a mail that can never be sent is parked with its reason, and delays nobody', async () => {
  const desk = deskOn(fresh.db, { mailer });
  await (await soldOrder(fresh.db, { email: 'not an address' })).tell('order.paid', ['mail:receipt']);
  await (await soldOrder(fresh.db, { email: 'bob@example.com' })).tell('order.paid', ['mail:receipt']);
  expect(await drainOutbox(desk, 10)).toBe(2);
  expect(server.received.map(({ to }) => to)).toEqual([['bob@example.com']]);
  for (let round = 0; round < 19; round += 1) {
    desk.clock.pass(3_600_000);
    expect(await drainOutbox(desk, 10)).toBe(1);
  }
  desk.clock.pass(86_400_000);
  expect(await drainOutbox(desk, 10)).toBe(0);
  const parked = await fresh.db.selectFrom('deliveries').selectAll().where('parked_at', 'is not', null).execute();
  expect(parked).toMatchObject([{ attempts: 20, last_error: 'BadAddress: this is not one mail address' }]);
});

test('without a mail server the mail is caught, complete and readable', async () => {
  const desk = deskOn(fresh.db, { mailer: catchingMailer() });
  await (await soldOrder(fresh.db)).tell('order.paid', ['mail:receipt']);
  await drainOutbox(desk, 10);
  const [row] = await fresh.db.selectFrom('notifications').selectAll().execute();
  expect(row).toMatchObject({ state: 'caught', subject: 'Blue Hall: your order #1001 is paid' });
  expect(row?.text_body).toContain('2 × Lakers vs Warriors');
  expect(server.received).toHaveLength(0);
});

test('money that came too late brings the truth, money that the shop refunded brings no mail of ours', async () => {
  const desk = deskOn(fresh.db, { mailer });
  const { tell } = await soldOrder(fresh.db);
  await tell('order.refunded', ['mail:refund'], { cause: 'too_late', amount_minor: 20_000, currency: 'usd' });
  await tell('order.refunded', ['mail:refund'], { cause: 'requested', amount_minor: 500, currency: 'usd' });
  expect(await drainOutbox(desk, 10)).toBe(2);
  expect(server.received).toHaveLength(1);
  expect(header('subject')).toBe('Subject: Blue Hall: your money for order #1001 is on its way back');
});

test('an order without an address is delivered as having nothing to send', async () => {
  const desk = deskOn(fresh.db, { mailer });
  await (await soldOrder(fresh.db, { email: null })).tell('order.paid', ['mail:receipt']);
  await drainOutbox(desk, 10);
  const [delivery] = await fresh.db.selectFrom('deliveries').selectAll().execute();
  expect(delivery?.delivered_at).not.toBeNull();
  expect(server.received).toHaveLength(0);
});

test('no name and no subject can add a header, a recipient or a second mail', async () => {
  const nasty = fc.array(
    fc.constantFrom(
      '\r\n',
      '\n',
      '\r',
      '\u2028',
      '\0',
      'Bcc: eve@example.com',
      '\r\n.\r\n',
      'MAIL FROM:<eve@example.com>',
      '"',
      '<',
      '>',
      ',',
      ';',
      'é',
      ' ',
      '=?utf-8?q?x?=',
      'a',
    ),
    { maxLength: 12 },
  );
  const allowed = new Set(['from', 'to', 'subject', 'message-id', 'date', 'mime-version', 'content-type']);
  await fc.assert(
    fc.asyncProperty(nasty, nasty, async (name, subject) => {
      await mailer.send({
        message_id: '<one@bluehall.test>',
        from: { name: name.join(''), address: 'tickets@bluehall.test' },
        to: 'ann@example.com',
        subject: subject.join(''),
        text: `${subject.join('')}\n.\n`,
        html: '<p>.</p>',
        date: new Date('2026-11-21T06:18:00Z'),
      });
      const mail = server.received.at(-1);
      expect(mail).toMatchObject({ from: 'tickets@bluehall.test', to: ['ann@example.com'] });
      for (const line of mail?.headers ?? []) expect(allowed).toContain(line.split(':', 1)[0]?.toLowerCase());
    }),
    { numRuns: 100 },
  );
  expect(server.received).toHaveLength(100);
});

test('what is not exactly one address is refused before a byte is sent', async () => {
  const mail = {
    message_id: '<a@b>',
    from: { name: '', address: 'a@bluehall.test' },
    subject: '',
    text: '',
    html: '',
    date: new Date(0),
  };
  for (const to of [
    '',
    'ann',
    'a@x, b@y',
    'a@x\r\nRCPT TO:<b@y>',
    '<a@x>',
    'Ann <a@x>',
    'a b@x',
    'a@x;b@y',
    'a@@x',
    'a@x\u0000',
  ]) {
    await expect(mailer.send({ ...mail, to })).rejects.toThrow(BadAddress);
  }
  expect(server.received).toHaveLength(0);
});

test('no mail leaves while a transaction is open', async () => {
  const mail = {
    message_id: '<a@b>',
    from: { name: '', address: 'a@b.test' },
    to: 'a@b.test',
    subject: '',
    text: '',
    html: '',
    date: new Date(0),
  };
  for (const one of [mailer, catchingMailer()]) {
    await expect(inTransaction(fresh.db, () => one.send(mail))).rejects.toThrow(Bug);
    await expect(inTransaction(fresh.db, () => one.close())).rejects.toThrow(Bug);
  }
  expect(server.received).toHaveLength(0);
});
