import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CALM, type Mix } from '../faults/mix.ts';

/** A failure that was found once and is run for ever: its seed and its world. */
export interface CorpusCase {
  readonly name: string;
  readonly seed: number;
  readonly purchases: number;
  /** What was broken, and why, in a sentence. */
  readonly was: string;
  readonly invariant: string;
  readonly mix: Mix;
}

const FOLDER = fileURLToPath(new URL('../corpus/', import.meta.url));

/** Every kept failure, by name. */
export function readCorpus(): CorpusCase[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => {
      const kept = JSON.parse(readFileSync(FOLDER + file, 'utf8')) as CorpusCase;
      // What worlds learned later was not there when this one broke.
      return { ...kept, mix: { ...CALM, ...kept.mix }, name: file.slice(0, -5) };
    });
}
