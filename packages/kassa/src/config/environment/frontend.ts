import { ConfigError } from '../config-error.ts';
import type { FrontendSettings } from '../settings.ts';
import { isLoopback } from './variables.ts';

/**
 * The shop's origins: those of `FRONTEND_URL` first, then `origins`. When neither is set, they are Kassa's own address
 * on this computer, which only test mode has.
 * @throws ConfigError for what is not exactly an origin, for http outside this computer, and in live mode for none.
 */
export function readFrontend(wanted: {
  frontend_url: string | undefined;
  written: readonly string[];
  cors: 'list' | 'any';
  mode: 'test' | 'live';
  port: number;
  /** Host names of another shop of the installation, which has no part in Kassa's own address; empty: the shop itself. */
  hosts: readonly string[];
}): FrontendSettings {
  const named = (wanted.frontend_url?.split(',') ?? []).map((text) => ['FRONTEND_URL', text] as const);
  const written = wanted.written.map((text) => ['origins', text] as const);
  const hosted = wanted.hosts.map((host) => ['hosts', addressOf(host, wanted.port)] as const);
  const told = [...named, ...written];
  const given = (told.length === 0 ? hosted : told).map(([where, text]) => originOf(where, text.trim(), wanted.mode));
  if (given.length === 0 && wanted.mode === 'live') {
    throw new ConfigError('FRONTEND_URL is not set: set it to the address of your shop, such as https://shop.example.');
  }
  if (wanted.cors === 'any' && wanted.mode === 'live') {
    throw new ConfigError("cors: 'any' is for test mode only: remove it and list the shop's origins in FRONTEND_URL.");
  }
  // Without FRONTEND_URL the own address comes first, so that the demo works although a real origin is configured.
  const own = [`http://127.0.0.1:${wanted.port}`, `http://localhost:${wanted.port}`];
  const follows_port = named.length === 0 && wanted.mode === 'test' && wanted.hosts.length === 0;
  const origins = [...new Set(follows_port ? [...own, ...given] : given)];
  return { origins, origin: origins[0] ?? '', follows_port, cors: wanted.cors };
}

function addressOf(host: string, port: number): string {
  return isLoopback(host) ? `http://${host}:${port}` : `https://${host}`;
}

function originOf(where: string, text: string, mode: 'test' | 'live'): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // Comparing what was written with what was parsed leaves no room for tricks of the parser.
  if (!url || (text.toLowerCase() !== url.origin && text.toLowerCase() !== `${url.origin}/`)) {
    throw new ConfigError(
      `${where} must be an origin such as https://shop.example, without path: ${JSON.stringify(text)} is not.`,
    );
  }
  if (url.protocol === 'https:') return url.origin;
  if (url.protocol === 'http:' && mode === 'test' && isLoopback(url.hostname)) return url.origin;
  const allowed = mode === 'live' ? 'in live mode only https is used' : 'http is for this computer only';
  throw new ConfigError(`${where} must begin with https://: ${allowed}, and ${url.origin} is not that.`);
}

/**
 * A page of the shop: a path on its first origin, or an address on one of its origins.
 * @throws ConfigError naming the setting.
 */
export function pageOf(where: string, text: string, frontend: FrontendSettings): string {
  if (/^\/(?![/\\])/.test(text)) return frontend.origin + text;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || url.username || url.password || /[\\\s]/.test(text) || !frontend.origins.includes(url.origin)) {
    throw new ConfigError(`${where} must be a path such as /thanks, or an address on one of the shop's origins.`);
  }
  return text;
}
