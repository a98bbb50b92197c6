// Run before the package is packed: carries the scripts and styles of the documentation pages, with their licences,
// into `assets/`, so that whoever installs the server installs neither package.
import { copyFileSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FILES = [
  ['swagger-ui-dist/swagger-ui.css', 'swagger-ui.css'],
  ['swagger-ui-dist/swagger-ui-bundle.js', 'swagger-ui-bundle.js'],
  ['swagger-ui-dist/LICENSE', 'swagger-ui.LICENSE.txt'],
  ['swagger-ui-dist/NOTICE', 'swagger-ui.NOTICE.txt'],
  ['redoc/bundles/redoc.standalone.js', 'redoc.standalone.js'],
  ['redoc/bundles/redoc.standalone.js.LICENSE.txt', 'redoc.parts.LICENSE.txt'],
  ['redoc/LICENSE', 'redoc.LICENSE.txt'],
] as const;

const folder = fileURLToPath(new URL('../assets/', import.meta.url));
mkdirSync(folder, { recursive: true });
for (const [from, to] of FILES) copyFileSync(fileURLToPath(import.meta.resolve(from)), folder + to);
