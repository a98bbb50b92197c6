// Goal: a payment link sells again and again, each time through a session of its own, until it is closed.
import '../report/kept-fresh.ts';
import { expect, test } from 'vitest';
import { openShop, refusal } from '../shop.ts';

test('each visit of a link is a session of its own, which is paid like any other', async () => {
  const { sandbox, stripe, types } = openShop();
  const price = await stripe.prices.create({ currency: 'usd', unit_amount: 1500, product_data: { name: 'Print' } });
  const link = await stripe.paymentLinks.create({
    line_items: [{ price: price.id, quantity: 2 }],
    metadata: { campaign: 'spring' },
    after_completion: { type: 'redirect', redirect: { url: 'https://shop.test/thanks?s={CHECKOUT_SESSION_ID}' } },
    restrictions: { completed_sessions: { limit: 1 } },
  });
  const visit = () => sandbox.fetch(new Request(link.url));
  expect((await visit()).status).toBe(303);
  const [session] = (await stripe.checkout.sessions.list({ payment_link: link.id })).data;
  expect(session).toMatchObject({ amount_total: 3000, metadata: { campaign: 'spring' }, payment_link: link.id });
  const paid = await sandbox.control.pay(session?.id ?? '');
  expect(paid.redirect_url).toBe(`https://shop.test/thanks?s=${session?.id}`);
  const closed = await visit();
  expect(closed.status).toBe(200);
  expect(await closed.text()).toContain('no longer active');
  await sandbox.drain();
  expect(types()).toContain('payment_link.created');
});

test('a link is listed with its items, and switched off with its own words', async () => {
  const { sandbox, stripe } = openShop();
  expect((await refusal(stripe.paymentLinks.create({ line_items: [] }))).status).toBe(400);
  const price = await stripe.prices.create({ currency: 'eur', unit_amount: 900, product_data: { name: 'Print' } });
  const link = await stripe.paymentLinks.create({ line_items: [{ price: price.id, quantity: 1 }] });
  expect((await stripe.paymentLinks.listLineItems(link.id)).data).toMatchObject([{ amount_total: 900, quantity: 1 }]);
  await stripe.paymentLinks.update(link.id, { active: false, inactive_message: 'Sold out for good.' });
  expect((await stripe.paymentLinks.list({ active: false })).data).toHaveLength(1);
  expect(await (await sandbox.fetch(new Request(link.url))).text()).toContain('Sold out for good.');
});

test('the sessions of a link ask for what the link asks for, and the link counts what it sold', async () => {
  const { sandbox, stripe } = openShop();
  const price = await stripe.prices.create({ currency: 'usd', unit_amount: 1500, product_data: { name: 'Print' } });
  const link = await stripe.paymentLinks.create({
    line_items: [{ price: price.id, quantity: 1 }],
    payment_method_types: ['card'],
    submit_type: 'book',
    billing_address_collection: 'required',
    custom_fields: [{ key: 'seat', label: { custom: 'Seat', type: 'custom' }, type: 'text' }],
    custom_text: { submit: { message: 'See you there.' } },
    shipping_address_collection: { allowed_countries: ['DE'] },
    phone_number_collection: { enabled: true },
    restrictions: { completed_sessions: { limit: 3 } },
  });
  expect(link.payment_method_types).toEqual(['card']);
  const query = '?client_reference_id=order-7&prefilled_email=ann%40example.com&utm_source=mail';
  await sandbox.fetch(new Request(`${link.url}${query}`));
  await sandbox.fetch(new Request(`${link.url}?client_reference_id=${encodeURIComponent('not <fit>')}`));
  const [second, first] = (await stripe.checkout.sessions.list({ payment_link: link.id })).data;
  expect(first).toMatchObject({
    client_reference_id: 'order-7',
    customer_email: 'ann@example.com',
    payment_method_types: ['card'],
    submit_type: 'book',
    billing_address_collection: 'required',
    custom_fields: [{ key: 'seat' }],
    custom_text: { submit: { message: 'See you there.' } },
    shipping_address_collection: { allowed_countries: ['DE'] },
    phone_number_collection: { enabled: true },
  });
  expect(second).toMatchObject({ client_reference_id: null, customer_email: null });
  const paid = await sandbox.control.pay(first?.id ?? '', { outcome: 'pays', custom_fields: { seat: '12' } });
  expect(paid.result).toBe('complete');
  expect((await stripe.paymentLinks.retrieve(link.id)).restrictions?.completed_sessions).toEqual({
    count: 1,
    limit: 3,
  });
});
