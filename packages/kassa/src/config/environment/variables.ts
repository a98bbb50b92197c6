import { ConfigError, nearestHint } from '../config-error.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Every variable that the program reads. Those that hold a secret must not be blank. */
const VARIABLES = {
  PORT: 'plain',
  HOST: 'plain',
  NODE_ENV: 'plain',
  KASSA_DATA_DIR: 'plain',
  KASSA_SANDBOX_PORT: 'plain',
  KASSA_ALLOW_EMBEDDED: 'plain',
  KASSA_LOG_LEVEL: 'plain',
  KASSA_PROXY_HOPS: 'plain',
  KASSA_PREPARED: 'plain',
  KASSA_AUTH_JWKS_URL: 'plain',
  FRONTEND_URL: 'plain',
  TEMPORAL_ADDRESS: 'plain',
  DATABASE_URL: 'secret',
  STRIPE_SECRET_KEY: 'secret',
  STRIPE_PUBLISHABLE_KEY: 'secret',
  STRIPE_WEBHOOK_SECRET: 'secret',
  KASSA_AUTH_SECRET: 'secret',
  SMTP_URL: 'secret',
  KASSA_SMS_URL: 'secret',
  KASSA_SMS_SECRET: 'secret',
} as const;

export type Variable = keyof typeof VARIABLES;

/** The trimmed values of the variables that are set. A variable that is set to nothing is as good as unset. */
export type Surroundings = Readonly<Partial<Record<Variable, string>>>;

/**
 * Reads and trims what the program knows; a newline behind a secret would fail every webhook.
 * @throws ConfigError when a variable that holds a secret is set but blank: whoever set it meant something.
 */
export function readSurroundings(environment: Environment): Surroundings {
  const found: Partial<Record<Variable, string>> = {};
  for (const [name, holds] of Object.entries(VARIABLES) as [Variable, 'plain' | 'secret'][]) {
    const value = environment[name]?.trim();
    if (value) found[name] = value;
    else if (value === '' && holds === 'secret') {
      throw new ConfigError(`${name} is set but blank: give it its value, or unset it.`);
    }
  }
  return found;
}

/** Sentences about `KASSA_…` variables that nobody reads; most often a letter is wrong. */
export function unreadVariables(environment: Environment): string[] {
  return (
    Object.keys(environment)
      .filter((name) => name.startsWith('KASSA_') && !name.startsWith('KASSA_TEST_') && !(name in VARIABLES))
      // Those of tenants are told apart elsewhere.
      .filter((name) => !name.includes('__'))
      .sort()
      .map((name) => `${name} is set, but nothing reads it${nearestHint(name, Object.keys(VARIABLES)) || '.'}`)
  );
}

/**
 * A value that may stand in the configuration file, in the environment, or in both if they agree.
 * @throws ConfigError when they differ, or when the file holds a blank one.
 */
export function oneValue(
  where: string,
  written: string | undefined,
  name: Variable,
  found: Surroundings,
): string | null {
  const trimmed = written?.trim();
  if (trimmed === '') throw new ConfigError(`${where} is set but blank: give it its value, or leave it away.`);
  const value = found[name];
  if (trimmed !== undefined && value !== undefined && trimmed !== value) {
    throw new ConfigError(`${where} in the configuration and ${name} have different values: keep one of them.`);
  }
  return trimmed ?? value ?? null;
}

/**
 * A TCP port; 0 lets the system choose.
 * @throws ConfigError naming the variable.
 */
export function portFrom(name: Variable, found: Surroundings, otherwise: number): number {
  const value = found[name];
  if (value === undefined) return otherwise;
  const port = /^[0-9]{1,5}$/.test(value) ? Number(value) : Number.NaN;
  if (!(port <= 65_535)) throw new ConfigError(`${name} must be a port from 0 to 65535, such as ${otherwise}.`);
  return port;
}

/**
 * An address with one of these schemes.
 * @throws ConfigError naming the variable; the value itself may hold a password and is not repeated.
 */
export function addressFrom(
  name: string,
  value: string | null,
  schemes: readonly string[],
  example: string,
): string | null {
  if (value === null) return null;
  const scheme = URL.canParse(value) ? new URL(value).protocol : '';
  if (!schemes.includes(scheme)) throw new ConfigError(`${name} must be an address such as ${example}.`);
  return value;
}

/** True for the names under which this computer speaks to itself. */
export function isLoopback(hostname: string): boolean {
  const name = hostname.replace(/^\[|\]$/g, '');
  return name === 'localhost' || name.endsWith('.localhost') || name === '::1' || /^127(\.[0-9]{1,3}){3}$/.test(name);
}
