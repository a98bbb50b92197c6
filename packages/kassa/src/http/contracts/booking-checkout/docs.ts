import type { OpenAPIHono } from '@hono/zod-openapi';
import { drawFailure } from '../../describe-failure.ts';
import { docsPages } from '../../docs/index.ts';
import type { HttpEnv } from '../../request/context.ts';
import { type ContractDesk, openContract } from '../contract.ts';

const BASE = '/stripe/fastapi/stripe';
const TITLE = 'Booking checkout';

/**
 * B20: Swagger UI and ReDoc at the contract's own paths, over a description of its six paths alone.
 * `signed-in` shows them to buyers only, as a live shop does by default.
 */
export function bookingDocs(
  desk: ContractDesk,
  { described, shown_to }: { described: OpenAPIHono<HttpEnv>; shown_to: 'open' | 'signed-in' },
): OpenAPIHono<HttpEnv> {
  const app = openContract(desk, {
    paths: [`${BASE}/*`],
    callers: shown_to === 'open' ? 'anybody' : 'buyer',
    cors: null,
    drawFailure,
  });
  const { version } = desk.house.settings;
  const description = `${BASE}/openapi.json`;
  app.get(description, (c) =>
    c.json(described.getOpenAPI31Document({ openapi: '3.1.0', info: { title: TITLE, version } })),
  );
  app.route('/', docsPages({ title: TITLE, description, swagger: `${BASE}/docs`, redoc: `${BASE}/redoc` }));
  return app;
}
