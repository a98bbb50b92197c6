import type { Tx } from '../store/tx.ts';
import type { Input } from './input.ts';

export type Method = 'GET' | 'POST' | 'DELETE';

/** What a route is told about the call besides its parameters. */
export interface CallFacts {
  /** The values of `:name` in the template. */
  ids: Record<string, string>;
  /** True when no Stripe-Version came: command line tools get a slightly more forgiving reading. */
  lenient: boolean;
  /** The caller showed a publishable key and must prove itself with a client secret. */
  publishable: boolean;
}

/** One operation. `run` is synchronous: it reads, decides and writes inside one transaction. */
export interface Route {
  method: Method;
  /** `/v1/customers/:customer` */
  template: string;
  /** Publishable keys may call it. */
  client?: boolean;
  run(tx: Tx, input: Input, call: CallFacts): unknown;
}

export function route(method: Method, template: string, run: Route['run'], client = false): Route {
  return { method, template, run, client };
}

export interface Router {
  find(method: string, path: string): { route: Route; ids: Record<string, string> } | undefined;
  readonly routes: readonly Route[];
}

/** Literal segments win over `:name` ones, whatever the order of the table. */
export function router(routes: readonly Route[]): Router {
  const shelves = new Map<string, { route: Route; segments: string[]; names: number }[]>();
  for (const entry of routes) {
    const segments = entry.template.split('/').slice(1);
    const shelf = `${entry.method} ${segments.length}`;
    const list = shelves.get(shelf) ?? [];
    list.push({ route: entry, segments, names: segments.filter((segment) => segment.startsWith(':')).length });
    list.sort((a, b) => a.names - b.names);
    shelves.set(shelf, list);
  }
  return {
    routes,
    find: (method, path) => {
      const parts = path.split('/').slice(1);
      for (const { route: found, segments } of shelves.get(`${method} ${parts.length}`) ?? []) {
        const ids = match(segments, parts);
        if (ids) return { route: found, ids };
      }
      return undefined;
    },
  };
}

function match(segments: string[], parts: string[]): Record<string, string> | undefined {
  const ids: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    const part = parts[index] ?? '';
    if (segment.startsWith(':')) {
      if (part === '') return undefined;
      ids[segment.slice(1)] = decoded(part);
    } else if (segment !== part) return undefined;
  }
  return ids;
}

/** Percent-decoding that never throws: a broken sequence stays a name that nothing has. */
function decoded(part: string): string {
  return new URLSearchParams(`x=${part.replaceAll('+', '%2B')}`).get('x') ?? part;
}
