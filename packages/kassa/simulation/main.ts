/** The process in which `kassa simulate` runs: the defect comes first, so that everything is loaded with it. */
import { loadDefect } from './controls/load-defect.ts';
import { EXIT_WRONG_USE, type SimulateOptions } from './options.ts';

const given = process.argv[2];
if (given === undefined) {
  process.stderr.write('This is started by kassa simulate.\n');
  process.exit(EXIT_WRONG_USE);
}
const options = JSON.parse(given) as SimulateOptions;
if (options.defect !== null) loadDefect(options.defect);
const { simulate } = await import('./simulate.ts');
const code = await simulate(options, { line: (text) => void process.stdout.write(`${text}\n`) });
process.exit(code);
