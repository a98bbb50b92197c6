// Starts the measured shop as `kassa start` does: what was compiled once is kept, so that the next start reads it.
import { enableCompileCache } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

enableCompileCache(join(tmpdir(), 'kassa-bench-compiled'));
await import('./open.ts');
