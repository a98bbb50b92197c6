// Puts the mistake behind each incident into the source and has the test of the incident fail. A test that stays green
// with its mistake proves nothing.
//   node packages/kassa/scripts/incidents.ts [I1,I6] [--json]
// Exit 0: every test failed under its mistake; 1: one stayed green.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fileOf, INCIDENTS } from '../test/regression/controls.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const FOLDER = 'packages/kassa/test/regression';
const VITEST = join(ROOT, 'node_modules/vitest/vitest.mjs');
const LIMIT_MS = 180_000;
/** Each is a whole run of its own, with a Postgres of its own. */
const LANES = 2;

interface Verdict {
  readonly incident: string;
  readonly found: boolean;
  readonly why: string;
}

async function tryOne(incident: string): Promise<Verdict> {
  const args = [VITEST, 'run', '--config', `${FOLDER}/planted.config.ts`, `${FOLDER}/${fileOf(incident)}`];
  const KASSA_TEST_DROPPED = JSON.stringify(INCIDENTS[incident]?.ddl ?? []);
  const planted = { KASSA_TEST_INCIDENT: incident, KASSA_TEST_DROPPED };
  const env = { ...process.env, ...planted, NO_COLOR: '1', NODE_ENV: 'test' };
  const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: LIMIT_MS });
  let out = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
  }
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  const failed = /Tests\s+1 failed/.test(out) && !out.includes('stands not exactly once');
  const why = /^(\w*Error\w*: .*)$/m.exec(out)?.[1] ?? (code === 0 ? 'it stayed green' : out.slice(-600));
  return { incident, found: code === 1 && failed, why: why.slice(0, 160) };
}

const asked = process.argv.slice(2).find((word) => !word.startsWith('-'));
const left = asked === undefined ? Object.keys(INCIDENTS) : asked.split(',');
const verdicts: Verdict[] = [];
async function lane(): Promise<void> {
  for (let incident = left.shift(); incident !== undefined; incident = left.shift()) {
    const verdict = await tryOne(incident);
    verdicts.push(verdict);
    const mistake = INCIDENTS[incident]?.mistake;
    process.stdout.write(`${verdict.found ? 'found ' : 'GREEN '} ${incident} ${mistake}: ${verdict.why}\n`);
  }
}
await Promise.all(Array.from({ length: LANES }, lane));
const found = verdicts.filter((one) => one.found).length;
process.stdout.write(`incidents: ${found} of ${verdicts.length} fail under their mistake\n`);
process.exitCode = found === verdicts.length ? 0 : 1;
