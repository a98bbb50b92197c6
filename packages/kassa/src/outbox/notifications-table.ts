import type { Database } from '../database/index.ts';
import { assert } from '../kernel/assert.ts';
import type { RenderedMail } from './mail/layout.ts';

/** A mail as it was rendered the first time: a repeat sends these bytes and nothing computed anew. */
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

/** The mail of a delivery, when an earlier try has rendered it already. */
export async function findMail(db: Database, delivery_id: string): Promise<Notification | undefined> {
  const row = await db
    .selectFrom('notifications')
    .select(NOTIFICATION_COLUMNS)
    .where('delivery_id', '=', delivery_id)
    .executeTakeFirst();
  return row && { ...row, subject: row.subject ?? '', html_body: row.html_body ?? '' };
}

export interface NewMail {
  readonly id: string;
  readonly delivery_id: string;
  readonly order_id: string;
  readonly recipient: string;
  readonly mail: RenderedMail;
  readonly at: Date;
}

/** Keeps a rendered mail, one per delivery: whoever comes second gets the first one's. */
export async function keepMail(db: Database, { mail, at, ...row }: NewMail): Promise<Notification> {
  await db
    .insertInto('notifications')
    .values({
      ...row,
      channel: 'mail',
      subject: mail.subject,
      text_body: mail.text,
      html_body: mail.html,
      state: 'rendered',
      created_at: at,
    })
    .onConflict((conflict) => conflict.column('delivery_id').doNothing())
    .execute();
  const kept = await findMail(db, row.delivery_id);
  assert(kept, 'a mail that was just kept, by us or by another worker, can be read');
  return kept;
}

/** Written once the mailer has answered; a mail never goes back from there. */
export async function markMailed(
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
