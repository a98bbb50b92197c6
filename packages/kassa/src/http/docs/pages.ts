import { html } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';
import type { DocsPaths } from './index.ts';

type Page = HtmlEscapedString | Promise<HtmlEscapedString>;

/** Inline scripts are forbidden by the page's policy, so what starts Swagger UI is a file, told where to look. */
export const START_SWAGGER = `'use strict';
const place = document.getElementById('swagger-ui');
SwaggerUIBundle({
  url: place.dataset.description,
  domNode: place,
  deepLinking: true,
  displayRequestDuration: true,
  validatorUrl: null,
});
`;

export function drawSwagger({ title, description }: DocsPaths, assets: string): Page {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${assets}/swagger-ui.css">
</head>
<body>
<noscript>This page needs JavaScript. The description itself is at <a href="${description}">${description}</a>.</noscript>
<main id="swagger-ui" data-description="${description}"></main>
<script src="${assets}/swagger-ui-bundle.js"></script>
<script src="${assets}/start-swagger.js"></script>
</body>
</html>
`;
}

export function drawRedoc({ title, description }: DocsPaths, assets: string): Page {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>body { margin: 0; }</style>
</head>
<body>
<noscript>This page needs JavaScript. The description itself is at <a href="${description}">${description}</a>.</noscript>
<redoc spec-url="${description}"></redoc>
<script src="${assets}/redoc.standalone.js"></script>
</body>
</html>
`;
}
