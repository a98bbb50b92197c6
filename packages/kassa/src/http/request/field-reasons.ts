import { KassaError } from '../../kernel/errors.ts';

/**
 * What a schema found wrong, as the error that every contract draws: `details` maps each field to its reason, and
 * fields inside a list are named with their place, such as `items.0.start_time`. Values are never repeated, nor are
 * names that the caller made up.
 */
export function fieldReasons(
  issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[],
): KassaError {
  const details: Record<string, string> = {};
  for (const { path, message } of issues) {
    const field = fieldOf(path);
    details[field] ??= message;
  }
  const fields = Object.keys(details).join(', ');
  return new KassaError('invalid_request', `Some fields do not fit: ${fields}.`, details);
}

function fieldOf([first, place, inner]: readonly PropertyKey[]): string {
  if (typeof first !== 'string') return 'body';
  if (typeof place !== 'number') return first;
  return typeof inner === 'string' ? `${first}.${place}.${inner}` : `${first}.${place}`;
}
