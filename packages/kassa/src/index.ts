/** What a shop imports from `kassa`. */
export { ConfigError } from './config/config-error.ts';
export {
  type CheckoutCreateCall,
  defineHooks,
  type HookCall,
  type HookEvent,
  type HookLine,
  type HookOrder,
  type Hooks,
  type HookTransaction,
} from './config/hooks.ts';
export { defineStandIns, type HookEffect, type HookRequest, type StandIns } from './config/stand-ins.ts';
export {
  appointment,
  bundle,
  customAmount,
  defineKassa,
  eur,
  gbp,
  item,
  jpy,
  money,
  pack,
  plan,
  smtp,
  ticket,
  usd,
} from './config/written/builders.ts';
export type { KassaConfig, Money, Offer, ProductKey } from './config/written/types.ts';
