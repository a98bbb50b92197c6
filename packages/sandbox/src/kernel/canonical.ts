/** JSON with sorted keys, so that equal values give equal text. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value as Record<string, unknown>)
      .filter(([, child]) => child !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${entries.map(([key, child]) => `${JSON.stringify(key)}:${canonicalJson(child)}`).join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}

function isTree(value: unknown): boolean {
  return value !== null && typeof value === 'object';
}

export function isPlain(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/**
 * What `after` changed, told as Stripe's `previous_attributes`: only the changed keys, with their old values.
 * A key that was not there before is told as null.
 */
export function changedFrom(
  before: Record<string, unknown>,
  after: Record<string, unknown>,
): Record<string, unknown> | undefined {
  const previous: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const was = before[key];
    const is = after[key];
    if (was === is || (isTree(was) && isTree(is) && canonicalJson(was) === canonicalJson(is))) continue;
    if (isPlain(was) && isPlain(is)) previous[key] = changedFrom(was, is) ?? {};
    else previous[key] = was === undefined ? null : was;
  }
  return Object.keys(previous).length > 0 ? previous : undefined;
}
