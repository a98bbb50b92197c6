/** The process in which `kassa simulate` runs: the defect comes first, so that everything is loaded with it. */
import { CONTROLS } from './controls/defects.ts';
import { loadDefect } from './controls/load-defect.ts';
import { faultsNamed } from './faults/kinds.ts';
import { readBlows } from './faults/script.ts';
import { EXIT_WRONG_USE, type SimulateOptions } from './options.ts';

/** One sentence and no stack for whoever mistyped something. */
function refuse(sentence: string): never {
  process.stderr.write(`${sentence}\n`);
  process.exit(EXIT_WRONG_USE);
}

const given = process.argv[2];
if (given === undefined) refuse('This is started by kassa simulate.');
const options = JSON.parse(given) as SimulateOptions;
const unknown = options.faults.find((name) => faultsNamed(name).length === 0);
if (unknown !== undefined) refuse(`There is no fault ${unknown}: name a number such as F8, or a port such as http.`);
if (options.crash_at !== null && !readBlows(options.crash_at)) {
  refuse('--crash-at takes points such as 137:crashed_after_commit,12:crash.');
}
if (options.defect !== null) {
  const names = CONTROLS.map(({ name }) => name);
  if (!names.includes(options.defect)) refuse(`There is no defect ${options.defect}; there are ${names.join(', ')}.`);
  loadDefect(options.defect);
}
/** A terminal sends its signal to the command too, which hands it on. */
const SIGNALS_UNTIL_NOW = 3;
let signals = 0;
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    signals += 1;
    if (signals >= SIGNALS_UNTIL_NOW) process.exit(1);
  });
}
const { simulate } = await import('./simulate.ts');
const line = (text: string): void => void process.stdout.write(`${text}\n`);
const code = await simulate(options, { line, enough: () => signals > 0 });
process.exit(code);
