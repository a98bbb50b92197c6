// How fast the sandbox is: node packages/sandbox/bench/main.ts [--json] [--quick]
// Numbers depend on the machine and on what else runs there; compare runs of one machine only.
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { API_VERSION } from '../src/index.ts';
import { inProcess } from './in-process.ts';
import type { Measured } from './measure.ts';
import { memory } from './memory.ts';
import { overHttp } from './over-http.ts';
import { startUp } from './start-up.ts';

const { values } = parseArgs({ options: { json: { type: 'boolean' }, quick: { type: 'boolean' } } });
const scale = values.quick ? 0.1 : 1;

const parts: Record<string, Measured[]> = {
  'start-up': startUp(scale),
  'in process': await inProcess(scale),
  'over HTTP': await overHttp(scale),
  memory: memory(scale),
};

function verdict({ value, target }: Measured): string {
  if (target === undefined) return '';
  return value < target ? `under ${target}, as it should be` : `MISSED: should be under ${target}`;
}

if (values.json) {
  const machine = { node: process.version, cpus: cpus().length, cpu: cpus()[0]?.model ?? '' };
  process.stdout.write(`${JSON.stringify({ api_version: API_VERSION, machine, scale, parts }, null, 2)}\n`);
} else {
  for (const [part, all] of Object.entries(parts)) {
    process.stdout.write(`\n${part}\n`);
    for (const measured of all) {
      const { name, value, unit, note } = measured;
      const remarks = [verdict(measured), note].filter(Boolean).join('; ');
      process.stdout.write(`  ${name.padEnd(44)} ${String(value).padStart(8)} ${unit.padEnd(11)} ${remarks}\n`);
    }
  }
}
