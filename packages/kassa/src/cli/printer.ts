/** How a command speaks: lines for people, or one JSON object per line for machines. Both tell the same. */
export interface Printer {
  readonly json: boolean;
  /** `text` for people; `fields` for machines, where `what` names the kind of line. */
  say(text: string, fields: { readonly what: string } & Readonly<Record<string, unknown>>): void;
}

export function printerTo(out: { write(text: string): unknown }, json: boolean): Printer {
  return {
    json,
    say(text, fields) {
      out.write(json ? `${JSON.stringify(fields)}\n` : `${text}\n`);
    },
  };
}

/** A command that must end with a sentence and a code of its own: 1 a check failed, 2 wrong usage, 3 surroundings. */
export class Exit extends Error {
  override readonly name = 'Exit';
  readonly code: 1 | 2 | 3;

  constructor(code: 1 | 2 | 3, sentence: string) {
    super(sentence);
    this.code = code;
  }
}
