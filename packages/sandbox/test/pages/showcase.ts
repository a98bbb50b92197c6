// Every page in every state worth looking at, by name: what axe checks and what the screenshots show.
import {
  renderAfterPayment,
  renderChallengePage,
  renderPanel,
  renderPaymentPage,
  renderReceipt,
  renderSessionEnd,
  type SessionEnd,
} from '../../src/pages/index.ts';
import { EVENING, frame, fullPage, panel, plainPage } from './fixtures.ts';

const seller = plainPage.seller;
const embedded = { ...frame, embedded: true };

const ends: SessionEnd[] = ['complete', 'expired', 'canceled', 'abandoned', 'closed_after_paying', 'left_open'];

export const showcase: Record<string, string> = {
  plain: renderPaymentPage(plainPage),
  full: renderPaymentPage(fullPage),
  embedded: renderPaymentPage({ ...plainPage, frame: embedded }),
  problems: renderPaymentPage({
    ...fullPage,
    promotion: null,
    typed: { ...fullPage.typed, email: 'ann@', promotion_code: 'NOPE', outcome: 'card' },
    errors: {
      email: 'Type a complete e-mail address, such as ann@example.com.',
      card_number: 'Only test cards work here. Choose one from the list.',
      promotion_code: 'Check the code: this one does not exist.',
      'custom_fields[size]': 'Choose a size.',
      consent_terms: 'Agree to the terms to go on.',
    },
  }),
  declined: renderPaymentPage({
    ...plainPage,
    typed: { ...plainPage.typed, email: 'ann@example.com', outcome: 'declined', decline_code: 'insufficient_funds' },
    notice: 'The card has insufficient funds. Nothing was charged; choose another ending or another card.',
  }),
  later: renderPaymentPage({
    ...plainPage,
    typed: { ...plainPage.typed, outcome: 'pays_later', later_result: 'fails' },
  }),
  free: renderPaymentPage({
    ...plainPage,
    order: { ...plainPage.order, discounts: [{ label: 'GUEST, 100 % off', amount_minor: 20_000 }], total_minor: 0 },
    promotion: { code: 'GUEST', removable: true },
  }),
  setup: renderPaymentPage({ ...plainPage, mode: 'setup', order: { ...plainPage.order, lines: [], total_minor: 0 } }),
  challenge: renderChallengePage({
    frame,
    id: 'pi_1',
    token: 't',
    seller,
    amount_minor: 20_000,
    currency: 'usd',
    card: { brand: 'visa', last4: '3155' },
  }),
  after: renderAfterPayment({
    frame,
    session_id: 'cs_test_a1',
    seller,
    amount_minor: 20_000,
    currency: 'usd',
    payment_status: 'paid',
    seconds_left: 7,
    redirects: true,
  }),
  receipt: renderReceipt({
    frame,
    charge_id: 'ch_1',
    number: '1042-7731',
    seller,
    created: EVENING,
    status: 'succeeded',
    currency: 'usd',
    amount_minor: 20_000,
    refunded_minor: 10_000,
    email: 'ann@example.com',
    description: null,
    method: { brand: 'visa', last4: '4242' },
    lines: [{ name: 'Lakers vs Warriors', quantity: 2, amount_minor: 20_000 }],
  }),
  panel: renderPanel(panel),
  'panel-empty': renderPanel({
    ...panel,
    requests: [],
    events: [],
    objects: [],
    faults: [],
    books: [],
    chaos: null,
    receivers: [],
    snapshots: [],
    outage_until: null,
    unsupported: [],
    notice: { kind: 'refused', text: 'That event is older than 30 days.' },
  }),
  ...Object.fromEntries(
    ends.map((end) => [
      `end-${end}`,
      renderSessionEnd({
        frame,
        session_id: 'cs_test_a1',
        end,
        payment_status: end === 'complete' || end === 'closed_after_paying' ? 'paid' : 'unpaid',
        seller,
        again_url: end === 'abandoned' || end === 'left_open' ? '/c/pay/cs_test_a1' : null,
      }),
    ]),
  ),
};
