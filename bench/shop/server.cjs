'use strict';

// Starts the measured shop as `bin/kassa.cjs` does: what was compiled once is kept, so that the next start reads it, and
// nothing has to read TypeScript.
const { enableCompileCache } = require('node:module');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

enableCompileCache(join(tmpdir(), 'kassa-bench-compiled'));
import('./open.ts');
