/** `2027-01-15T10:00:00Z`: no page or agent of any contract has ever been sent milliseconds. */
export function isoSeconds(at: Date): string {
  return at.toISOString().replace(/\.\d{3}Z$/, 'Z');
}
