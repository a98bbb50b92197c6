import { child, flag, type Input, needText } from '../../http/input.ts';
import { type Route, route } from '../../http/router.ts';
import type { Tx } from '../../store/tx.ts';

const DAY_S = 86_400;

function account(tx: Tx): unknown {
  const country = tx.world.options.country ?? 'US';
  return {
    id: tx.account(),
    object: 'account',
    business_profile: null,
    business_type: 'company',
    capabilities: { card_payments: 'active', transfers: 'active' },
    charges_enabled: true,
    country,
    created: 1_700_000_000,
    default_currency: country === 'US' ? 'usd' : 'eur',
    details_submitted: true,
    email: null,
    metadata: {},
    payouts_enabled: true,
    type: 'standard',
  };
}

/** A secret for one use, so that a page may see a customer's saved methods. The sandbox renders none of them. */
function customerSession(tx: Tx, input: Input): unknown {
  const customer = tx.get('customer', needText(input, 'customer'), 'customer').id;
  const wanted = child(input, 'components');
  const part = (name: string): { enabled: boolean } => {
    const given = wanted && child(wanted, name);
    return { enabled: given ? flag(given, 'enabled') === true : false };
  };
  const bare = ['active_entitlements', 'buy_button', 'customer_portal', 'pricing_table'];
  const featured = ['customer_sheet', 'mobile_payment_element', 'payment_element'];
  const listed = [...bare, ...featured];
  const features = (name: string) => (bare.includes(name) ? {} : { features: null });
  return {
    object: 'customer_session',
    client_secret: `cuss_secret_${tx.ids.secret(48)}`,
    components: Object.fromEntries(listed.map((name) => [name, { ...part(name), ...features(name) }])),
    created: tx.now,
    customer,
    customer_account: null,
    expires_at: tx.now + DAY_S,
    livemode: false,
  };
}

export const ACCOUNT_ROUTES: Route[] = [
  route('GET', '/v1/account', (tx) => account(tx)),
  route('POST', '/v1/customer_sessions', (tx, input) => customerSession(tx, input)),
];
