'use strict';

// Apart from kassa.cjs, because the oldest Nodes cannot even read the word import() to say that they are too old.
import('../src/cli/main.ts').catch((error) => {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  process.exitCode = 1;
});
