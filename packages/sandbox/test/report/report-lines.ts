/** The part of CONFORMANCE.md that tells of one file of checks. */
export function groupLines(name: string, checks: readonly { title: string; passed: boolean }[]): string[] {
  const lines = checks.map(({ title, passed }) => `- ${passed ? '' : '**failed** '}${title}`);
  return [`## ${name} (${checks.length})`, '', ...lines];
}
