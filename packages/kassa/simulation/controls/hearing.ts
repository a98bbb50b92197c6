import type { Control } from './control.ts';

const QUIET = { http: 0, webhook: 0, database: 0, mail: 0, node: 0, clock: 0, buyer: 0 };
const heard = (fault: string): NonNullable<Control['mix']> => ({
  ...{ webhooks: 'sent', outages: [], ways: ['page'], rates: { ...QUIET, webhook: 0.5 }, faults: [fault] },
});

/** Mistakes with what is believed of an event, and with noticing that none comes. */
export const HEARING: readonly Control[] = [
  {
    name: 'N40',
    mistake: 'events of the other mode are taken for our own',
    edits: [
      {
        file: 'inbox/receive.ts',
        from: '  return event.account === OWN_ACCOUNT && event.mode === house.shop.mode;',
        to: '  return event.account === OWN_ACCOUNT;',
      },
      {
        file: 'flows/settle.ts',
        from: "  if (report.livemode !== (house.shop.mode === 'live')) return { outcome: 'unknown', order_id: null };\n",
        to: '',
      },
      { file: 'flows/settling/plain.ts', from: " && report.livemode === (shop.mode === 'live')", to: '' },
    ],
    mix: heard('webhook_foreign'),
    purchases_max: 600,
    seed: 1_000,
  },
  {
    name: 'N41',
    mistake: 'an event of another version of the interface is believed',
    edits: [
      {
        file: 'inbox/heard.ts',
        from: '  return event.api_version === house.gateway.api_version;',
        to: "  return event.api_version !== '' && house.gateway.api_version !== '';",
      },
    ],
    mix: heard('webhook_drifted'),
    purchases_max: 600,
    seed: 1_000,
  },
  {
    name: 'N43',
    mistake: 'a signature of the future is as good as one of today',
    edits: [{ file: 'stripe/verify-signature.ts', from: ' || age_s < -AHEAD_MAX_S', to: '' }],
    mix: heard('webhook_ahead'),
    purchases_max: 300,
    seed: 1_000,
  },
  {
    name: 'N44',
    mistake: 'nobody is told that events stopped arriving',
    edits: [
      {
        file: 'flows/proof/fetch-events.ts',
        from: '  const silent = ears.expects_webhooks && since !== null',
        to: '  const silent = !ears.expects_webhooks && since !== null',
      },
    ],
    mix: { webhooks: 'none', outages: [], rates: QUIET, faults: [], fetches_min: 10 },
    purchases_max: 300,
    seed: 1_000,
  },
];
