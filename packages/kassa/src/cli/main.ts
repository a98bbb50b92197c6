import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { commandLine } from './command-line.ts';

// For whoever starts this very file; `bin/import-main.cjs` has done so before it read the first one.
enableCompileCache(fileURLToPath(new URL('../../node_modules/.cache/kassa', import.meta.url)));

const code = await commandLine(process.argv.slice(2), { out: process.stdout, err: process.stderr });
// Timers that nobody waits for any more must not keep a finished command alive.
process.exit(code);
