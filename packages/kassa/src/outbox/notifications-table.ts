import type { Database } from '../database/index.ts';
import { assert } from '../kernel/assert.ts';
import type { RenderedMail } from './mail/layout.ts';

/** A mail or short message as it was written the first time: a repeat sends these bytes and nothing computed anew. */
export interface Notification {
  readonly id: string;
  readonly recipient: string;
  readonly subject: string;
  readonly text_body: string;
  readonly html_body: string;
  readonly state: 'rendered' | 'sent' | 'caught';
  readonly created_at: Date;
}

const NOTIFICATION_COLUMNS = ['id', 'recipient', 'subject', 'text_body', 'html_body', 'state', 'created_at'] as const;

/** What a delivery sends, when an earlier try has written it already. */
export async function findNotification(db: Database, delivery_id: string): Promise<Notification | undefined> {
  const row = await db
    .selectFrom('notifications')
    .select(NOTIFICATION_COLUMNS)
    .where('delivery_id', '=', delivery_id)
    .executeTakeFirst();
  return row && { ...row, subject: row.subject ?? '', html_body: row.html_body ?? '' };
}

export interface NewNotification {
  readonly id: string;
  readonly delivery_id: string;
  readonly order_id: string;
  readonly channel: 'mail' | 'sms';
  readonly recipient: string;
  readonly text: string;
  /** What only a mail has. */
  readonly mail: Pick<RenderedMail, 'subject' | 'html'> | null;
  readonly at: Date;
}

/** Keeps a written mail or short message, one per delivery: whoever comes second gets the first one's. */
export async function keepNotification(
  db: Database,
  { mail, text, at, ...row }: NewNotification,
): Promise<Notification> {
  await db
    .insertInto('notifications')
    .values({
      ...row,
      subject: mail?.subject ?? null,
      text_body: text,
      html_body: mail?.html ?? null,
      state: 'rendered',
      created_at: at,
    })
    .onConflict((conflict) => conflict.column('delivery_id').doNothing())
    .execute();
  const kept = await findNotification(db, row.delivery_id);
  assert(kept, 'what was just kept, by us or by another worker, can be read');
  return kept;
}

/** Written once the mailer or messenger has answered; nothing ever goes back from there. */
export async function markSent(
  db: Database,
  { id, state, at }: { readonly id: string; readonly state: 'sent' | 'caught'; readonly at: Date },
): Promise<void> {
  await db
    .updateTable('notifications')
    .set({ state, sent_at: at })
    .where('id', '=', id)
    .where('state', '=', 'rendered')
    .execute();
}
