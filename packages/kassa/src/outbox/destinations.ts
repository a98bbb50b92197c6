import type { Hooks } from '../config/hooks.ts';

/** The mails that Kassa writes, by the topic that they follow. Only `order.paid` means money, so only it is a receipt. */
const MAILS: Readonly<Record<string, readonly string[]>> = {
  'order.paid': ['mail:receipt'],
  'order.refunded': ['mail:refund'],
};

/**
 * Where messages of a topic go, fixed at start: Kassa's own mails first, then the shop's hook. Each destination is a
 * delivery of its own with its own attempts, so a hook that throws never keeps a receipt back.
 */
export function destinationsFor(on: Hooks['on']): (topic: string) => readonly string[] {
  const hooked = new Set<string>(Object.keys(on));
  return (topic) => [...(MAILS[topic] ?? []), ...(hooked.has(topic) ? [`hook:${topic}`] : [])];
}
