import { ConfigError } from '../config-error.ts';
import type { ParsedConfig } from '../written/schema.ts';
import { type Environment, oneValue, type Surroundings } from './variables.ts';

export interface StripeKeys {
  readonly mode: 'test' | 'live';
  /** Null: the sandbox stands in for Stripe. */
  readonly secret_key: string | null;
  readonly publishable_key: string | null;
  readonly webhook_secrets: readonly string[];
}

const SECRET_KEY = /^(?:sk|rk)_(test|live)_[A-Za-z0-9_]{4,}$/;
const PUBLISHABLE_KEY = /^pk_(test|live)_[A-Za-z0-9_]{4,}$/;
const WEBHOOK_SECRET = /^whsec_[A-Za-z0-9+/=_-]{4,}$/;

/**
 * Stripe's three values: present or absent together, of one mode, each of its own form. The secret key decides the
 * mode; without it the sandbox is used and the mode is test.
 * @throws ConfigError naming the variable. No sentence repeats a key.
 */
export function readKeys(written: ParsedConfig['stripe'], found: Surroundings, environment: Environment): StripeKeys {
  const secret_key = oneValue('stripe.secretKey', written.secretKey, 'STRIPE_SECRET_KEY', found);
  const publishable_key = oneValue('stripe.publishableKey', written.publishableKey, 'STRIPE_PUBLISHABLE_KEY', found);
  const secrets = oneValue('stripe.webhookSecret', written.webhookSecret, 'STRIPE_WEBHOOK_SECRET', found);
  for (const [where, value] of [
    ['stripe.secretKey', written.secretKey],
    ['stripe.webhookSecret', written.webhookSecret],
  ] as const) {
    if (value !== undefined) refuseLiteral(where, value.trim(), environment);
  }
  const mode = secret_key === null ? 'test' : modeOfSecretKey(secret_key);
  if (publishable_key !== null) checkPublishableKey(publishable_key, secret_key === null ? null : mode);
  return { mode, secret_key, publishable_key, webhook_secrets: secrets === null ? [] : webhookSecrets(secrets) };
}

/** A secret typed into the file would travel with it into version control. */
function refuseLiteral(where: string, value: string, environment: Environment): void {
  if (Object.values(environment).some((held) => held?.trim() === value)) return;
  throw new ConfigError(`${where} must come from the environment: write process.env.STRIPE_… and set it there.`);
}

function modeOfSecretKey(secret_key: string): 'test' | 'live' {
  const [, mode] = SECRET_KEY.exec(secret_key) ?? [];
  if (mode === 'test' || mode === 'live') return mode;
  const is = secret_key.startsWith('pk_')
    ? ' It holds a publishable key.'
    : secret_key.startsWith('whsec_')
      ? ' It holds a webhook secret.'
      : '';
  throw new ConfigError(
    `STRIPE_SECRET_KEY must begin with sk_test_, sk_live_, rk_test_ or rk_live_ and have no quotes or spaces.${is}`,
  );
}

function checkPublishableKey(publishable_key: string, mode: 'test' | 'live' | null): void {
  const [, own_mode] = PUBLISHABLE_KEY.exec(publishable_key) ?? [];
  if (own_mode === undefined) {
    throw new ConfigError('STRIPE_PUBLISHABLE_KEY must begin with pk_test_ or pk_live_ and have no quotes or spaces.');
  }
  if (mode === null) {
    throw new ConfigError(
      'STRIPE_PUBLISHABLE_KEY is set but STRIPE_SECRET_KEY is not: set both, or neither for the sandbox.',
    );
  }
  if (own_mode !== mode) {
    throw new ConfigError(
      `STRIPE_PUBLISHABLE_KEY is of ${own_mode} mode and STRIPE_SECRET_KEY of ${mode} mode: set two keys of one mode.`,
    );
  }
}

/** Several secrets, separated by commas, are all accepted: two are valid while one is being rolled. */
function webhookSecrets(text: string): string[] {
  const secrets = text.split(',').map((secret) => secret.trim());
  if (secrets.some((secret) => secret === '')) {
    throw new ConfigError('STRIPE_WEBHOOK_SECRET has a blank entry: separate secrets by single commas.');
  }
  if (!secrets.every((secret) => WEBHOOK_SECRET.test(secret))) {
    throw new ConfigError(
      'STRIPE_WEBHOOK_SECRET must begin with whsec_ and have no quotes or spaces; separate several by commas.',
    );
  }
  if (secrets.length > 10)
    throw new ConfigError('STRIPE_WEBHOOK_SECRET holds more than 10 secrets: remove those that are retired.');
  return [...new Set(secrets)];
}
