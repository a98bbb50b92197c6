/** What the client needs of the place it runs in. Everything can be handed in; this is what it takes by itself. */
export interface World {
  fetch(url: string, init: RequestInit): Promise<Response>;
  sleep(ms: number): Promise<void>;
  /** Text that nobody can guess and that never comes twice. */
  newKey(): string;
  /** Remembers keys across a reload of the page; in Node for as long as the process lives. */
  readonly memory: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  /** True in a page, which serves one person: the same wish twice is one wish. On a server it may be two people's. */
  readonly is_page: boolean;
  /** The cookies that the page may read, as `name=value; name=value`. */
  cookies(): string;
}

/** A shop that has not answered by then is asked again under the same key. */
const ANSWER_MS = 30_000;

export const ownWorld: World = {
  fetch: (url, init) => globalThis.fetch(url, { ...init, signal: AbortSignal.timeout(ANSWER_MS) }),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  newKey: () => globalThis.crypto.randomUUID(),
  memory: rememberedByThePage() ?? rememberedByTheProcess(),
  is_page: 'document' in globalThis,
  cookies: () => (globalThis as { document?: { cookie: string } }).document?.cookie ?? '',
};

/** Reading `sessionStorage` throws where a page may not store anything, such as in a sandboxed frame. */
function rememberedByThePage(): World['memory'] | undefined {
  try {
    return 'document' in globalThis ? globalThis.sessionStorage : undefined;
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}

function rememberedByTheProcess(): World['memory'] {
  const kept = new Map<string, string>();
  return {
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, value) => void kept.set(name, value),
    removeItem: (name) => void kept.delete(name),
  };
}
