/** What is wrong with a request, in the words of Stripe's error body. */
export interface RequestProblem {
  readonly message: string;
  /** The parameter in bracket form: `line_items[0][price_data][currency]`. */
  readonly param: string;
  /** One of Stripe's codes; wrong booleans, objects, arrays and enum values have none. */
  readonly code?: string;
}

/** A problem on its way out of nested parameters: each level puts its own name in front of `path`. */
export interface Refusal {
  readonly path: string[];
  readonly code?: string;
  /** The sentence, once the whole name of the parameter is known. */
  readonly say: (param: string) => string;
}

/** Filled by the first part of a request that is refused. */
export interface Verdict {
  refusal: Refusal | undefined;
}

export function refusal(say: Refusal['say'], code?: string, path: string[] = []): Refusal {
  return code === undefined ? { path, say } : { path, say, code };
}

export function problemOf({ path, code, say }: Refusal): RequestProblem {
  const param = bracketed(path);
  return code === undefined ? { message: say(param), param } : { message: say(param), param, code };
}

export const unknownParameter = (name: string): Refusal =>
  refusal((param) => `There is no parameter ${param} here.`, 'parameter_unknown', [name]);

export const missingParameter = (name: string): Refusal =>
  refusal((param) => `The parameter ${param} is required.`, 'parameter_missing', [name]);

export const emptyParameter = (): Refusal =>
  refusal((param) => `${param} is an empty string. Give a value or leave it out.`, 'parameter_invalid_empty');

function bracketed(path: readonly string[]): string {
  const [first = '', ...rest] = path;
  return first + rest.map((step) => `[${step}]`).join('');
}
