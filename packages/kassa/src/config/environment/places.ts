import { ConfigError, nearestHint } from '../config-error.ts';
import type { AuthSettings, NotifySettings, Settings } from '../settings.ts';
import type { ParsedConfig } from '../written/schema.ts';
import { addressFrom, type Environment, isLoopback, oneValue, type Surroundings } from './variables.ts';

const AUTH_SECRET_LENGTH_MIN = 32;
const SMS_SECRET_LENGTH_MIN = 16;
/** The sentence that docs/contracts/chat-payments.md promises. */
const CONFIRMATION = 'Order {order_id} confirmed!';
/** What may stand in braces in it; outbox/sms/confirmation.ts puts the order's own in. */
export const CONFIRMATION_PLACEHOLDERS: readonly string[] = ['order_id', 'seller', 'total'];

/**
 * Where orders are stored. Null is the Postgres that Kassa brings along.
 * @throws ConfigError when production would run on that unasked, or when a clock that tests can turn meets live money.
 */
export function readDatabase(
  config: ParsedConfig,
  found: Surroundings,
  environment: Environment,
  at: { production: boolean; mode: 'test' | 'live' },
): string | null {
  const value = oneValue('database', config.database, 'DATABASE_URL', found);
  const url = addressFrom(
    'DATABASE_URL',
    value,
    ['postgres:', 'postgresql:'],
    'postgres://user:password@host:5432/shop',
  );
  if (url === null && at.production && !isOn('KASSA_ALLOW_EMBEDDED', found)) {
    throw new ConfigError(
      'DATABASE_URL is not set and NODE_ENV is production: set it to your Postgres, or set KASSA_ALLOW_EMBEDDED=1 to ' +
        'keep orders in the embedded one.',
    );
  }
  const in_url = url === null ? [] : [...new URL(url).searchParams.values()];
  const options = [...in_url, environment.PGOPTIONS ?? ''].join(' ');
  if (at.mode === 'live' && options.includes('kassa.clock')) {
    throw new ConfigError(
      'The setting kassa.clock is for tests and cannot meet a live STRIPE_SECRET_KEY: remove it from the connection.',
    );
  }
  return url;
}

/**
 * How buyers prove who they are.
 * @throws ConfigError for two ways at once, and for a secret that could be guessed in live mode.
 */
export function readAuth(config: ParsedConfig, found: Surroundings, mode: 'test' | 'live'): AuthSettings {
  const secret = oneValue('auth.secret', config.auth.secret, 'KASSA_AUTH_SECRET', found);
  const url = oneValue('auth.jwksUrl', config.auth.jwksUrl, 'KASSA_AUTH_JWKS_URL', found);
  if (secret !== null && url !== null) {
    throw new ConfigError(
      'KASSA_AUTH_SECRET and KASSA_AUTH_JWKS_URL are both set: keep the one that signs your buyers in.',
    );
  }
  if (secret !== null && mode === 'live' && secret.length < AUTH_SECRET_LENGTH_MIN) {
    throw new ConfigError(
      `KASSA_AUTH_SECRET has ${secret.length} characters and needs ${AUTH_SECRET_LENGTH_MIN}: set one made by ` +
        'openssl rand -hex 32.',
    );
  }
  const asked = { issuer: config.auth.issuer ?? null, audience: config.auth.audience ?? null };
  if (secret !== null) return { kind: 'secret', secret, ...asked };
  if (url === null) return { kind: 'none', ...asked };
  return { kind: 'jwks', url: webAddress('KASSA_AUTH_JWKS_URL', url), ...asked };
}

/** @throws ConfigError for addresses that no mail or message can leave by, and for a wording that cannot be filled. */
export function readNotify(config: ParsedConfig, found: Surroundings): NotifySettings {
  const smtp = oneValue('notify.email', config.notify.email?.url, 'SMTP_URL', found);
  const sms = oneValue('notify.sms', config.notify.sms, 'KASSA_SMS_URL', found);
  const sms_secret = found.KASSA_SMS_SECRET ?? null;
  if (sms_secret !== null && sms_secret.length < SMS_SECRET_LENGTH_MIN) {
    throw new ConfigError(
      `KASSA_SMS_SECRET has ${sms_secret.length} characters and needs ${SMS_SECRET_LENGTH_MIN}: set one made by ` +
        'openssl rand -hex 32.',
    );
  }
  const { confirmation } = config.notify;
  if (confirmation !== undefined) checkPlaceholders(confirmation);
  return {
    smtp_url: addressFrom('SMTP_URL', smtp, ['smtp:', 'smtps:'], 'smtps://user:password@mail.example:465'),
    sms_url: sms === null ? null : webAddress('KASSA_SMS_URL', sms),
    sms_secret,
    confirmation: confirmation ?? CONFIRMATION,
    confirms_all: sms !== null || confirmation !== undefined,
    from: { name: config.seller.name, address: config.seller.email },
  };
}

function checkPlaceholders(confirmation: string): void {
  for (const [, name = ''] of confirmation.matchAll(/\{([^{}]*)\}/g)) {
    if (CONFIRMATION_PLACEHOLDERS.includes(name)) continue;
    const hint =
      nearestHint(name, CONFIRMATION_PLACEHOLDERS) || `; there are {${CONFIRMATION_PLACEHOLDERS.join('}, {')}}.`;
    throw new ConfigError(`notify.confirmation has {${name}}, which Kassa cannot fill in${hint}`);
  }
}

/** @throws ConfigError for an address that is not host:port. */
export function readWorkflows(config: ParsedConfig, found: Surroundings): Settings['workflows'] {
  const written = config.workflows === 'timers' ? undefined : config.workflows.temporal;
  const address = oneValue('workflows.temporal', written, 'TEMPORAL_ADDRESS', found);
  if (address === null) return { kind: 'timers' };
  if (!/^(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\]):[0-9]{1,5}$/.test(address)) {
    throw new ConfigError('TEMPORAL_ADDRESS must be host:port, such as localhost:7233.');
  }
  return { kind: 'temporal', address };
}

/** @throws ConfigError for a word that is not a level. */
export function readLogLevel(found: Surroundings): Settings['log_level'] {
  const level = found.KASSA_LOG_LEVEL ?? 'info';
  if (level === 'debug' || level === 'info' || level === 'warn' || level === 'error') return level;
  throw new ConfigError('KASSA_LOG_LEVEL must be debug, info, warn or error.');
}

/**
 * How many proxies of our own stand between buyers and Kassa. With too few all buyers share one address, and the limits
 * count them as one; with too many a caller may invent theirs.
 * @throws ConfigError for anything but a small whole number.
 */
export function readProxyHops(found: Surroundings): number {
  const hops = found.KASSA_PROXY_HOPS ?? '0';
  if (/^[0-9]$/.test(hops)) return Number(hops);
  throw new ConfigError('KASSA_PROXY_HOPS must be the number of your proxies in front of Kassa, from 0 to 9.');
}

/** Whether statements are kept prepared. @throws ConfigError for another word. */
export function readPrepared(found: Surroundings): boolean {
  const word = found.KASSA_PREPARED ?? 'on';
  if (word === 'on' || word === 'off') return word === 'on';
  throw new ConfigError('KASSA_PREPARED must be on, or off for a pooler that forbids named statements.');
}

/** https, or http on this computer. */
function webAddress(name: string, value: string): string {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url && (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname)))) return value;
  throw new ConfigError(`${name} must be an address that begins with https://.`);
}

function isOn(name: 'KASSA_ALLOW_EMBEDDED', found: Surroundings): boolean {
  const value = found[name] ?? '0';
  if (value === '1' || value === 'true') return true;
  if (value === '0' || value === 'false') return false;
  throw new ConfigError(`${name} must be 1 or 0.`);
}
