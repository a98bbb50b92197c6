/** A local, stateful stand-in for Stripe's API. Unofficial, not affiliated with Stripe. */
export type { Control } from './control/control.ts';
export type { Fault, FaultRule } from './control/faults.ts';
export type { Ignored } from './control/ignored.ts';
export type { DeliveryView, Unsupported } from './control/journals.ts';
export type { PayAnswer, PayOutcome, PayRequest } from './control/pay.ts';
export { OUTCOMES } from './control/pay.ts';
export type { SeedRequest } from './control/seed.ts';
export type { WebhookAction, WebhookRule } from './delivery/rules.ts';
export { ConnectionFault } from './http/reply.ts';
export { type SandboxClock, type VirtualClock, virtualClock } from './kernel/clock.ts';
export { ApiFailure } from './kernel/failure.ts';
export {
  API_VERSION,
  type RetryProfile,
  type RuntimeOptions,
  SANDBOX_VERSION,
  type SandboxOptions,
  type WebhookTarget,
} from './kernel/options.ts';
export { type Account, createSandbox, type Keys, type Sandbox } from './sandbox.ts';
export { type Served, type ServeOptions, serveSandbox } from './serve.ts';
export type { Books, ChargeBook, CurrencyBook, SessionBook } from './store/books.ts';
export type { JournalEntry } from './store/journal.ts';
export type { SnapshotView } from './store/snapshot.ts';
export type { Chaos } from './store/world.ts';
