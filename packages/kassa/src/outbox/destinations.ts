import type { Hooks } from '../config/hooks.ts';
import type { Destination } from '../database/index.ts';

/** The mails that Kassa writes, by the topic that they follow. Only `order.paid` means money, so only it is a receipt. */
const MAILS: Readonly<Record<string, readonly string[]>> = {
  'order.paid': ['mail:receipt'],
  'order.refunded': ['mail:refund'],
};

/** The short message that a buyer gets before anything else is done for a paid order. */
const CONFIRMATION = { topic: 'order.paid', name: 'sms:confirmation', contract: 'chat-payments' };

/**
 * Where messages of a topic go, fixed at start: Kassa's own first, then the shop's hook. Each destination is a delivery
 * of its own with its own attempts, so a hook that throws never keeps a receipt back. The one order that is kept: the
 * shop's hook, which hands out tickets, comes after the short message that confirms the order to the buyer
 * (docs/contracts/chat-payments.md), or after that one was given up.
 * @param confirms_all orders of every contract are confirmed, not only those of a conversation.
 */
export function destinationsFor(
  on: Hooks['on'],
  confirms_all: boolean,
): (topic: string, contract: string) => readonly Destination[] {
  const hooked = new Set<string>(Object.keys(on));
  return (topic, contract) => {
    const confirmed = topic === CONFIRMATION.topic && (confirms_all || contract === CONFIRMATION.contract);
    const hook = `hook:${topic}`;
    return [
      ...(MAILS[topic] ?? []),
      ...(confirmed ? [CONFIRMATION.name] : []),
      ...(hooked.has(topic) ? [confirmed ? { name: hook, after: CONFIRMATION.name } : hook] : []),
    ];
  };
}
