/** Where a fault strikes. A port's rate is how often one of its steps is struck at all. */
export type Port = 'http' | 'webhook' | 'database' | 'mail' | 'node' | 'clock' | 'buyer';

/**
 * Every fault that a run can make, by its row in the fault model: the number groups faults that have one cause, the
 * name says which of its faces this is.
 */
export const FAULTS = {
  http_not_sent: { port: 'http', id: 'F8' },
  http_no_answer: { port: 'http', id: 'F8' },
  http_half_answer: { port: 'http', id: 'F8' },
  http_slow: { port: 'http', id: 'F8' },
  http_500_without_effect: { port: 'http', id: 'F9' },
  http_500_with_effect: { port: 'http', id: 'F9' },
  http_429: { port: 'http', id: 'F10' },
  http_409: { port: 'http', id: 'F11' },
  stripe_away: { port: 'http', id: 'F51' },
  webhook_repeated: { port: 'webhook', id: 'F13' },
  webhook_cloned: { port: 'webhook', id: 'F13' },
  webhook_late: { port: 'webhook', id: 'F14' },
  webhook_held: { port: 'webhook', id: 'F14' },
  webhook_answer_lost: { port: 'webhook', id: 'F13' },
  webhook_lost: { port: 'webhook', id: 'F18' },
  webhook_never: { port: 'webhook', id: 'F18' },
  worker_paused: { port: 'node', id: 'F3' },
  node_crashed: { port: 'node', id: 'F1' },
  crashed_in_recovery: { port: 'node', id: 'F2' },
  database_conflict: { port: 'database', id: 'F34' },
  database_lost: { port: 'database', id: 'F34' },
  database_answer_lost: { port: 'database', id: 'F34' },
  crashed_in_transaction: { port: 'database', id: 'F1' },
  crashed_after_commit: { port: 'database', id: 'F1' },
  commit_lost: { port: 'database', id: 'F32' },
  commit_untold: { port: 'database', id: 'F32' },
  mail_down: { port: 'mail', id: 'F30' },
  mail_answer_lost: { port: 'mail', id: 'F30' },
  mail_crash: { port: 'mail', id: 'F31' },
  clock_skewed: { port: 'clock', id: 'F52' },
  clock_jumps: { port: 'clock', id: 'F52' },
  double_click: { port: 'buyer', id: 'F21' },
  two_tabs: { port: 'buyer', id: 'F22' },
  buyer_vanishes: { port: 'buyer', id: 'F25' },
  pays_late: { port: 'buyer', id: 'F26' },
  webhook_foreign: { port: 'webhook', id: 'F56' },
  webhook_drifted: { port: 'webhook', id: 'F54' },
  webhook_ahead: { port: 'webhook', id: 'F52' },
} as const satisfies Record<string, { port: Port; id: string }>;

export type FaultName = keyof typeof FAULTS;

/** Those that end a process. */
export const CRASHES: readonly FaultName[] = [
  'node_crashed',
  'crashed_in_recovery',
  'crashed_in_transaction',
  'crashed_after_commit',
  'mail_crash',
];

/** What people, banks and the shop itself do in the middle of it: never drawn as a fault, counted like one. */
export const DEEDS = {
  dispute_opened: { id: 'F46' },
  dispute_decided: { id: 'F46' },
  refund_at_dashboard: { id: 'F43' },
  refund_asked: { id: 'F40' },
  payment_called_off: { id: 'F45' },
  prices_raised: { id: 'F28' },
  page_confirms: { id: 'F20' },
  webhook_unheard: { id: 'F50' },
  amount_edited: { id: 'F48' },
  payment_without_order: { id: 'F55' },
  payment_with_copied_mark: { id: 'F55' },
  payment_of_others: { id: 'F56' },
} as const satisfies Record<string, { id: string }>;

/** Everything that is counted in a run. */
export type Counted = FaultName | keyof typeof DEEDS;

/** The row of the fault model behind a name. */
export function numberOf(name: Counted): string {
  return name in FAULTS ? FAULTS[name as FaultName].id : DEEDS[name as keyof typeof DEEDS].id;
}

export const FAULT_NAMES = Object.keys(FAULTS) as FaultName[];
export const PORTS: readonly Port[] = ['http', 'webhook', 'database', 'mail', 'node', 'clock', 'buyer'];

/** The names behind what a person typed: a number of the fault model such as F8, a port, or one name. */
export function faultsNamed(text: string): FaultName[] {
  const found = FAULT_NAMES.filter((name) => {
    const { id, port } = FAULTS[name];
    return name === text || port === text || id.toLowerCase() === text.toLowerCase();
  });
  return found;
}
