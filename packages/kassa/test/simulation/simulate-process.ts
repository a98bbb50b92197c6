import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { serverUrl } from '../setup/database.ts';

const COMMAND = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export interface Simulated {
  readonly code: number | null;
  readonly out: string;
  /** The lines that are JSON objects, by their `what`. */
  readonly said: ReadonlyMap<string, Record<string, unknown>>;
}

/** `kassa simulate` as a process of its own, on the test run's Postgres. */
export async function simulated(...args: string[]): Promise<Simulated> {
  const all = ['simulate', '--json', '--server', await serverUrl(), ...args];
  const child = spawn(process.execPath, [COMMAND, ...all], { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
  }
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  const objects = out.split('\n').filter((line) => line.startsWith('{"what"'));
  const lines = objects.map((line) => JSON.parse(line) as Record<string, unknown>);
  return { code, out, said: new Map(lines.map((line) => [String(line.what), line])) };
}
