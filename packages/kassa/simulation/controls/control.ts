/** One place of our own source, and what stands there instead. */
export interface Edit {
  /** Below packages/kassa/src. */
  readonly file: string;
  /** Stands in the file exactly once; a test sees to it. */
  readonly from: string;
  readonly to: string;
}

export interface Control {
  readonly name: string;
  readonly mistake: string;
  readonly edits: readonly Edit[];
  /** Takes away the constraint that would turn the mistake into an error on one order. */
  readonly ddl?: readonly string[];
  /** With the constraint in place it is an error on one order at most, and shows only where that is taken away. */
  readonly ends_at_constraint?: true;
  /** Where the mistake can show at all: a part of the mix as JSON. */
  readonly mix?: Readonly<Record<string, unknown>>;
  readonly purchases_max: number;
  /** Near this seed it shows soon: the tests begin their search here. */
  readonly seed: number;
}
