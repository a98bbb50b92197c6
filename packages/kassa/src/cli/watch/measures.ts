/** What `/metrics` told at one moment, by name and labels as they stand there. */
export interface Sample {
  readonly at: Date;
  readonly values: readonly {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly value: number;
  }[];
}

const LINE = /^kassa_(\w+)(?:\{(.*)\})? (\S+)$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** Reads the text format of Prometheus as far as we write it ourselves. */
export function readSample(text: string, at: Date): Sample {
  const values = text.split('\n').flatMap((line) => {
    const [, name = '', labels = '', value = ''] = LINE.exec(line) ?? [];
    if (name === '') return [];
    const pairs = [...labels.matchAll(LABEL)].map(([, key = '', told = '']) => [key, told.replace(/\\(.)/g, '$1')]);
    return [{ name, labels: Object.fromEntries(pairs) as Record<string, string>, value: Number(value) }];
  });
  return { at, values };
}

/** The value of a name whose labels include these; 0 when it was not told. */
export function figureOf(sample: Sample, name: string, labels: Readonly<Record<string, string>> = {}): number {
  const fits = (found: Readonly<Record<string, string>>): boolean =>
    Object.entries(labels).every(([key, told]) => found[key] === told);
  return sample.values.find((one) => one.name === name && fits(one.labels))?.value ?? 0;
}

/** How much a counter grows per second between two samples; 0 without an earlier one, or when the shop began anew. */
export function perSecond(name: string, now: Sample, before: Sample | undefined): number {
  if (!before) return 0;
  const grown = figureOf(now, name) - figureOf(before, name);
  const passed_s = (now.at.getTime() - before.at.getTime()) / 1_000;
  return grown <= 0 || passed_s <= 0 ? 0 : grown / passed_s;
}
