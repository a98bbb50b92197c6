import { Hono } from 'hono';
import type { HttpHouse } from './house.ts';
import type { HttpEnv } from './request/context.ts';

/** `/livez`: the process answers. `/readyz`: it can also take an order now, else 503 and which part is missing. */
export function health(house: HttpHouse): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();
  app.get('/livez', (c) => c.json({ live: true, version: house.settings.version }));
  app.get('/readyz', async (c) => {
    const { ready, parts } = await house.readiness();
    return c.json({ ready, parts, mode: house.settings.mode, version: house.settings.version }, ready ? 200 : 503);
  });
  return app;
}
