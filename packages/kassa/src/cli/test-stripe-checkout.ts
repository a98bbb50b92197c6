import type { CommandDef } from 'citty';
import { loadConfig, type OfferSettings, readSettings, type Settings } from '../config.ts';
import { developmentToken } from '../main.ts';
import { systemLog } from '../system.ts';
import { Exit, printerTo } from './printer.ts';
import { bookOnce, type CheckoutType } from './try/book.ts';
import { realWorld } from './world.ts';

const TYPES: Readonly<Record<string, CheckoutType>> = {
  session: 'single_session',
  single_session: 'single_session',
  bundle: 'bundle',
  package: 'package',
};
const KINDS = { single_session: 'appointment', bundle: 'bundle', package: 'package' } as const;
const TOKEN_LASTS_S = 900;
/** Any key of this form opens the sandbox's browser door; the client secret is what proves the payment. */
const SANDBOX_KEY = 'pk_test_sandbox_command_line';

/** The name is the contract's own (docs/contracts/booking-checkout.md), underscores and all. */
export const testStripeCheckout: CommandDef = {
  meta: {
    name: 'test_stripe_checkout',
    description: 'Book once at the running shop as a page of booking-checkout does',
  },
  args: {
    'user-email': { type: 'string', required: true, valueHint: 'address', description: 'The buyer, who is invented' },
    'checkout-type': {
      type: 'string',
      valueHint: 'type',
      default: 'session',
      description: 'session, single_session, bundle or package',
    },
    service: { type: 'string', valueHint: 'id', description: 'Which offer. Default: the first of that type' },
    url: { type: 'string', valueHint: 'address', description: 'Where the shop runs. Default: as its settings say' },
    'sandbox-url': { type: 'string', valueHint: 'address', description: 'Where its sandbox is. Default: the same' },
    token: { type: 'string', valueHint: 'token', description: 'The buyer’s own token, where others sign buyers in' },
    config: { type: 'string', valueHint: 'folder', default: '.', description: 'Where kassa.config.ts is' },
    json: { type: 'boolean', description: 'One JSON object per line' },
  },
  run: ({ args }) => runBooking(args),
};

async function runBooking(args: Readonly<Record<string, unknown>>): Promise<number> {
  const printer = printerTo(process.stdout, args.json === true);
  const email = String(args['user-email']);
  if (!/^[^\s@]+@[^\s@]+$/.test(email)) {
    throw new Exit(2, `--user-email takes an address such as user@example.com, not ${JSON.stringify(email)}.`);
  }
  const checkout_type = TYPES[String(args['checkout-type'])];
  if (checkout_type === undefined) {
    throw new Exit(2, `--checkout-type is one of ${Object.keys(TYPES).join(', ')}.`);
  }
  const loaded = await loadConfig(String(args.config));
  const settings = readSettings(loaded.config, process.env, { folder: process.cwd(), file: loaded.file });
  if (settings.mode === 'live') throw new Exit(3, 'STRIPE_SECRET_KEY is live, and this command pays with play money.');
  if (settings.contracts.booking_checkout === null) {
    throw new Exit(3, "This shop does not serve booking-checkout: switch it on in its config's contracts.");
  }
  const offer = offerFor(settings, checkout_type, args.service);
  const world = realWorld(systemLog({ level: 'warn' }));
  const token =
    args.token === undefined
      ? developmentToken(settings, world, { user_id: email, email, lasts_s: TOKEN_LASTS_S })
      : String(args.token);
  const { host, port } = settings.server;
  await bookOnce({
    url: addressOf('--url', args.url) ?? `http://${host}:${port}`,
    token,
    checkout_type,
    offer,
    stripe: doorOf(settings, addressOf('--sandbox-url', args['sandbox-url'])),
    world,
    printer,
  });
  return 0;
}

function offerFor({ offers }: Settings, checkout_type: CheckoutType, wanted: unknown): OfferSettings {
  const kind = KINDS[checkout_type];
  const fitting = offers.filter((offer) => offer.kind === kind);
  const offer = wanted === undefined ? fitting[0] : fitting.find(({ external_id }) => external_id === String(wanted));
  if (offer) return offer;
  const known = fitting.map(({ external_id }) => external_id).join(', ') || 'none';
  throw new Exit(3, `There is no such ${kind} in the catalogue. There: ${known}.`);
}

/** Where a browser would pay: at the sandbox, or at Stripe itself with a test key. */
function doorOf({ stripe }: Settings, sandbox_url: string | null): { origin: string; publishable_key: string } {
  if (stripe.kind === 'sandbox') {
    return { origin: sandbox_url ?? `http://127.0.0.1:${stripe.port}`, publishable_key: SANDBOX_KEY };
  }
  if (stripe.publishable_key === null) {
    throw new Exit(3, 'Set STRIPE_PUBLISHABLE_KEY: a browser pays with it.');
  }
  return { origin: 'https://api.stripe.com', publishable_key: stripe.publishable_key };
}

function addressOf(flag: string, given: unknown): string | null {
  if (given === undefined) return null;
  if (URL.canParse(String(given))) return new URL(String(given)).origin;
  throw new Exit(2, `${flag} takes an address such as http://127.0.0.1:4242.`);
}
