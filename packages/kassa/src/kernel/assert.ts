import { Bug } from './errors.ts';

/**
 * For what must hold whatever a caller sends. A failed assertion is a mistake in Kassa, never in a request.
 * @throws Bug with the sentence given.
 */
export function assert(condition: unknown, sentence: string): asserts condition {
  if (!condition) throw new Bug(sentence);
}
