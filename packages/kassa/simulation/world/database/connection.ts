import pg from 'pg';

/** How each connection of a run is told to plan: once per statement, however often it is sent. */
const PLANNING = { plan_cache_mode: 'force_generic_plan', jit: 'off', deadlock_timeout: '10min' };

/** The address with what every connection of the simulation is opened with, and with more settings. */
export function withPlanning(url: string, more: Readonly<Record<string, string>> = {}): string {
  const address = new URL(url);
  const options = Object.entries({ ...PLANNING, ...more }).map(([name, value]) => `-c ${name}=${value}`);
  const given = address.searchParams.get('options') ?? '';
  address.searchParams.set('options', [given, ...options].join(' ').trim());
  return address.href;
}

/**
 * Lets the server plan each text once per connection, and answer several that are sent together in one go. What is
 * sent and answered stays the same; without it two thirds of a run would be spent on planning the same hundred
 * statements again.
 */
export function planOnce(): void {
  const names = new Map<string, string>();
  const send = pg.Client.prototype.query as (...given: unknown[]) => unknown;
  pg.Client.prototype.query = function query(this: pg.Client & { pipeline: boolean }, ...given: unknown[]): unknown {
    this.pipeline = true;
    const [text, values, ...rest] = given;
    if (typeof text !== 'string' || !Array.isArray(values) || values.length === 0) return send.apply(this, given);
    const name = names.get(text) ?? `plan ${names.size}`;
    names.set(text, name);
    return send.call(this, { name, text, values }, ...rest);
  } as typeof pg.Client.prototype.query;
}
