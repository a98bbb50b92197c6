import type { Database } from '../../database/index.ts';
import type { StoryStep } from './story-steps.ts';

/** What left the house because of an order: mails, short messages, hooks, workflows. */
export async function readDeliveries(db: Database, order_id: string): Promise<StoryStep[]> {
  const rows = await db
    .selectFrom('deliveries')
    .innerJoin('outbox_messages', 'outbox_messages.id', 'deliveries.message_id')
    .leftJoin('notifications', 'notifications.delivery_id', 'deliveries.id')
    .select(['deliveries.id', 'deliveries.destination', 'deliveries.attempts', 'deliveries.last_error'])
    .select(['deliveries.delivered_at', 'deliveries.parked_at', 'deliveries.due_at', 'deliveries.frozen_at'])
    .select(['outbox_messages.topic', 'outbox_messages.created_at', 'notifications.id as notification_id'])
    .where('outbox_messages.order_id', '=', order_id)
    .orderBy('deliveries.id')
    .execute();
  return rows.map((row) => {
    const [way = '', name = ''] = row.destination.split(':', 2);
    const mail = way === 'mail' || way === 'sms';
    // A mail without a receiver or without news is done, and nobody may believe that it was sent.
    const silent = mail && row.delivered_at !== null && row.notification_id === null;
    const done = silent
      ? 'nothing was sent: nobody to send it to is known, or nothing is to be told'
      : `done for ${row.topic}`;
    return {
      at: row.delivered_at ?? row.parked_at ?? row.created_at,
      kind: mail ? 'mail' : 'hook',
      title: titleOf(way, name, row.topic),
      detail: row.last_error ?? (row.delivered_at ? done : row.frozen_at ? 'waits while a bank asks' : 'on its way'),
      state: silent ? 'info' : row.delivered_at ? 'ok' : row.parked_at ? 'failed' : 'waiting',
      json: row,
    };
  });
}

function titleOf(way: string, name: string, topic: string): string {
  if (way === 'workflow') return 'Workflow of an appointment';
  if (way === 'hook') return `Hook ${topic}`;
  return `${way === 'sms' ? 'Short message' : 'Mail'} ${name}`;
}
