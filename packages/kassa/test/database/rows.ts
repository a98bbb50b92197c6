import type { NewInboxEvent } from '../../src/database/index.ts';

export const AT = new Date('2026-11-21T10:00:00.000Z');
export const TENANT = '01935000-0000-7000-8000-000000000001';

/** A moment so many milliseconds after `AT`. */
export function after(ms: number): Date {
  return new Date(AT.getTime() + ms);
}

export function tenantRow() {
  return { id: TENANT, key: 'blue-hall', name: 'Blue Hall', stripe_account: null, created_at: AT };
}

export function eventRow(id: string, changes: Partial<NewInboxEvent> = {}): NewInboxEvent {
  return {
    account: 'acct_1',
    id,
    tenant_id: TENANT,
    mode: 'test',
    type: 'checkout.session.completed',
    object_id: 'cs_test_1',
    api_version: '2026-10-28.endive',
    body: '{"id":"evt"}',
    occurred_at: AT,
    received_at: AT,
    ...changes,
  };
}
