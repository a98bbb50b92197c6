/**
 * The shop's configuration or environment cannot be used. The message is for the person who starts the program: one
 * sentence for each mistake, each on a line of its own, saying what to change. It never repeats a secret.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly sentences: readonly string[];

  constructor(sentences: string | readonly string[], cause?: unknown) {
    const all = typeof sentences === 'string' ? [sentences] : sentences;
    super(all.join('\n'), cause === undefined ? undefined : { cause });
    this.sentences = all;
  }
}

/** `; did you mean "maxPerOrder"?` when a known name is near enough to be meant, otherwise nothing. */
export function nearestHint(wrong: string, known: readonly string[]): string {
  const plain = (name: string): string => name.toLowerCase().replaceAll(/[-_]/g, '');
  const ranked = known
    .map((name) => ({ name, steps: plain(name) === plain(wrong) ? 0 : editSteps(plain(wrong), plain(name)) }))
    .sort((left, right) => left.steps - right.steps || (left.name < right.name ? -1 : 1));
  const [best] = ranked;
  if (!best || best.steps > Math.max(2, Math.floor(wrong.length / 3))) return '';
  return `; did you mean ${JSON.stringify(best.name)}?`;
}

/** Levenshtein distance in which swapping two neighbours is one step, because that is how people mistype. */
function editSteps(left: string, right: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, at) => at);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1];
      const swapped =
        row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      current[column] = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (same ? 0 : 1),
        swapped ? at(beforeLast, column - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    [beforeLast, last] = [last, current];
  }
  return at(last, right.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
