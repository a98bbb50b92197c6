import { Hono } from 'hono';
import { createMiddleware } from 'hono/factory';
import { KassaError } from '../kernel/errors.ts';
import type { HttpHouse } from './house.ts';
import type { Limiter } from './limits.ts';
import type { HttpEnv } from './request/context.ts';
import { isOfThisComputer } from './request/this-computer.ts';

/** One figure of the running shop, in base units: seconds and bytes, as Prometheus wants them. */
export interface Measure {
  /** Without the prefix, such as `inbox_events`; counters end in `_total`. */
  readonly name: string;
  readonly help: string;
  readonly values: readonly { readonly labels?: Readonly<Record<string, string>>; readonly value: number }[];
}

/** `/metrics` in the text format of Prometheus (prometheus.io/docs/instrumenting/exposition_formats). */
export function metrics(read: () => Promise<readonly Measure[]>, house: HttpHouse, limiter: Limiter): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();
  app.use('/metrics', onlyForUs(house, limiter));
  app.get('/metrics', async (c) => {
    return c.body(drawMeasures(await read()), 200, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' });
  });
  return app;
}

/** Every figure with what it means; the same order each time. */
export function drawMeasures(measures: readonly Measure[]): string {
  const lines = measures.flatMap(({ name, help, values }) => [
    `# HELP kassa_${name} ${help}`,
    `# TYPE kassa_${name} ${name.endsWith('_total') ? 'counter' : 'gauge'}`,
    ...values.map(({ labels, value }) => `kassa_${name}${drawLabels(labels)} ${value}`),
  ]);
  return `${lines.join('\n')}\n`;
}

function drawLabels(labels: Readonly<Record<string, string>> = {}): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value.replace(/[\\"\n]/g, '\\$&')}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

/**
 * Answers a socket of this computer that also names it, and whoever shows a secret key of the shop. For everybody
 * else there is nothing here.
 */
function onlyForUs(house: HttpHouse, limiter: Limiter) {
  return createMiddleware<HttpEnv>(async (c, next) => {
    if (!isOfThisComputer(c) && !(await showsKey(c.req.header('Authorization')))) {
      throw new KassaError('not_found', 'There is nothing here.');
    }
    await next();

    async function showsKey(authorization: string | undefined): Promise<boolean> {
      const text = /^Bearer +(kassa_sk_[^ ]+)$/i.exec(authorization ?? '')?.[1];
      if (text === undefined || limiter.isOver('refused_key_per_ip', c.get('caller_address'))) return false;
      const key = await house.recognizeKey(text);
      if (key === undefined) limiter.take('refused_key_per_ip', c.get('caller_address'));
      return key?.kind === 'secret';
    }
  });
}
