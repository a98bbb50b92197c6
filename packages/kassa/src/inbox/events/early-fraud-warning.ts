import type { EventReader } from '../heard.ts';

/** A bank takes a payment for fraud, before anybody disputes it. Read again, so that it is known whose payment it is. */
export const earlyFraudWarning: EventReader = (house, { object_id }) => {
  if (object_id === null) return { kind: 'ignored' };
  const read = async () => ({
    kind: 'fraud_warning' as const,
    report: await house.gateway.readFraudWarning(object_id, 'unblock'),
  });
  return { kind: 'unread', read };
};
