import type { Context } from 'hono';
import { isLoopback } from './caller-address.ts';
import type { HttpEnv } from './context.ts';

/**
 * What a proxy adds. One on this computer has a socket of this computer, and passes on whatever `Host` its caller made
 * up; however many of them are configured, who comes through one is not this computer.
 */
const FORWARDED = ['X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'X-Real-IP', 'Forwarded', 'Via'];

/** True for a socket of this computer with nobody in between, whatever it calls us. */
export function comesFromHere(c: Context<HttpEnv>): boolean {
  return isLoopback(c.env.ip) && FORWARDED.every((name) => c.req.header(name) === undefined);
}

/**
 * True for a socket of this computer that also names it: a page of a foreign site whose name was pointed at 127.0.0.1
 * sends its own name as `Host`.
 */
export function isOfThisComputer(c: Context<HttpEnv>): boolean {
  const { hostname } = new URL(c.req.url);
  return comesFromHere(c) && (hostname === 'localhost' || isLoopback(hostname.replace(/^\[|\]$/g, '')));
}
