import { KassaError } from '../../kernel/errors.ts';

/**
 * What a schema found wrong, as the error that every contract draws: `details` maps each field to its reason. Values
 * are never repeated.
 */
export function fieldReasons(
  issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[],
): KassaError {
  const details: Record<string, string> = {};
  for (const { path, message } of issues) {
    const field = typeof path[0] === 'string' ? path[0] : 'body';
    details[field] ??= message;
  }
  const fields = Object.keys(details).join(', ');
  return new KassaError('invalid_request', `Some fields do not fit: ${fields}.`, details);
}
