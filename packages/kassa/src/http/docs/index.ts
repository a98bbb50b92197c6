import { Hono } from 'hono';
import type { HttpEnv } from '../request/context.ts';
import { packageFiles } from '../static.ts';
import { drawRedoc, drawSwagger, START_SWAGGER } from './pages.ts';

/** Where the two renderings of one description live. */
export interface DocsPaths {
  readonly title: string;
  /** The OpenAPI document that both show. */
  readonly description: string;
  readonly swagger: string;
  readonly redoc: string;
}

const ASSETS = '/docs/assets';

/**
 * Both renderings run without a server of anybody else: scripts and styles are files of installed packages, and the
 * browser is told to load nothing from elsewhere, not even the logo that one of them would fetch.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "img-src 'self' data:",
  // Both write their own style elements.
  "style-src 'self' 'unsafe-inline'",
  "worker-src 'self' blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Serves the scripts and styles of the documentation pages, once for all of them. */
export function docsAssets(): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();
  app.route(
    '/',
    packageFiles({
      [`${ASSETS}/swagger-ui.css`]: 'swagger-ui-dist/swagger-ui.css',
      [`${ASSETS}/swagger-ui-bundle.js`]: 'swagger-ui-dist/swagger-ui-bundle.js',
      [`${ASSETS}/redoc.standalone.js`]: 'redoc/bundles/redoc.standalone.js',
    }),
  );
  app.get(`${ASSETS}/start-swagger.js`, (c) =>
    c.body(START_SWAGGER, 200, { 'Content-Type': 'text/javascript; charset=utf-8', 'Cache-Control': 'no-cache' }),
  );
  return app;
}

/** Swagger UI and ReDoc over one OpenAPI document of this server. */
export function docsPages(paths: DocsPaths): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();
  const headers = { 'Content-Security-Policy': CONTENT_SECURITY_POLICY, 'Referrer-Policy': 'same-origin' };
  app.get(paths.swagger, (c) => c.html(drawSwagger(paths, ASSETS), 200, headers));
  app.get(paths.redoc, (c) => c.html(drawRedoc(paths, ASSETS), 200, headers));
  return app;
}
