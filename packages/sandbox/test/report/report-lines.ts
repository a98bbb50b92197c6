/** The parts of CONFORMANCE.md: which files belong to each, by their path under `test/` without `.test.ts`. */
export const SECTIONS = [
  { title: 'The official client', files: /^conformance\// },
  { title: 'The 37 pitfalls', files: /^pitfalls-/ },
  { title: 'The official command line', files: /^cli\// },
  { title: 'A browser', files: /^(?:pages\/(?:browser-pages|hosted)|shim\/.*)$/ },
] as const;

/** The part of CONFORMANCE.md that tells of one file of checks. */
export function groupLines(name: string, checks: readonly { title: string; passed: boolean }[]): string[] {
  const lines = checks.map(({ title, passed }) => `- ${passed ? '' : '**failed** '}${title}`);
  return [`### ${name} (${checks.length})`, '', ...lines];
}

/** `/…/test/cli/listen.test.ts` -> `cli/listen` */
export function groupOf(path: string): string {
  return path
    .replaceAll('\\', '/')
    .replace(/^.*\/packages\/sandbox\/test\//, '')
    .replace(/\.test\.ts$/, '');
}
