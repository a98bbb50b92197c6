/** The process in which `kassa torture` plays: its doors to the outside are replaced before anything is loaded. */
import { EXIT_WRONG_USE } from '../options.ts';
import { BLOW_WORDS, unknownBlow } from './blows.ts';
import type { TortureOptions } from './options.ts';

/** A terminal sends its signal to the command too, which hands it on. */
const SIGNALS_UNTIL_NOW = 3;

const EXIT_SURROUNDINGS = 3;

const given = process.argv[2];
if (given === undefined) {
  process.stderr.write('This is started by kassa torture.\n');
  process.exit(EXIT_WRONG_USE);
}
const options = JSON.parse(given) as TortureOptions;
const unknown = unknownBlow(options.schedule ?? []);
if (unknown !== undefined) {
  process.stderr.write(`There is no blow ${unknown}; there are ${Object.keys(BLOW_WORDS).join(', ')}.\n`);
  process.exit(EXIT_WRONG_USE);
}
let signals = 0;
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    signals += 1;
    if (signals >= SIGNALS_UNTIL_NOW) process.exit(1);
  });
}
const { torture } = await import('./torture.ts');
const line = (text: string): void => void process.stdout.write(`${text}\n`);
try {
  process.exit(await torture(options, { line, enough: () => signals > 0 }));
} catch (error) {
  const { EXIT_BUG, refusalOf } = await import('../../src/main.ts');
  const sentence = refusalOf(error);
  process.stderr.write(`${sentence ?? (error instanceof Error ? error.stack : String(error))}\n`);
  process.exit(sentence === undefined ? EXIT_BUG : EXIT_SURROUNDINGS);
}
