// I18: mails are sent twice; it is mended, and comes back.
// https://github.com/woocommerce/woocommerce-gateway-stripe/issues/542
// https://github.com/woocommerce/woocommerce-gateway-stripe/issues/2331
// https://github.com/woocommerce/woocommerce-gateway-stripe/issues/3414
// https://github.com/pretix/pretix/issues/1166
// https://github.com/getdokan/dokan/issues/2994
import { expect, test } from 'vitest';
import { drainInbox } from '../../src/inbox/drain.ts';
import { drainOutbox } from '../../src/outbox/drain.ts';
import type { Mailer } from '../../src/outbox/mailer.ts';
import { inShop, MINUTE, opens, pays } from './incident.ts';

test('a receipt is one mail under one id, however often the webhook and the mail server repeat themselves', () =>
  inShop(async (shop) => {
    shop.deliver = async (request) => {
      await shop.take(request.clone());
      return shop.take(request);
    };
    const sent: string[] = [];
    const mailer: Mailer = {
      async send({ message_id }) {
        sent.push(message_id);
        if (sent.length < 3) throw new Error('the answer of the mail server was lost');
        return 'sent';
      },
      close: async () => undefined,
    };
    await pays(shop, await opens(shop));
    await shop.sandbox.tick();
    for (let round = 0; round < 6; round += 1) {
      await drainInbox(shop.built.inbox, 50);
      await drainOutbox({ ...shop.built.outbox, mailer }, 50);
      shop.clock.advance(20 * MINUTE);
    }
    expect(sent).toHaveLength(3);
    expect(new Set(sent).size).toBe(1);
  }));
