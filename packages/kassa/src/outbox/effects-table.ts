import { type Database, sql } from '../database/index.ts';

/** A step of a hook or of the house, named for ever: the same order, line, topic and name are the same step. */
export interface Step {
  readonly order_id: string;
  /** Absent: it belongs to the whole order. */
  readonly order_line_id?: string;
  readonly topic: string;
  readonly name: string;
}

/** What a finished step answered; undefined while it has not been finished. */
export async function findEffect(db: Database, step: Step): Promise<{ readonly result: unknown } | undefined> {
  return db
    .selectFrom('effects')
    .select('result')
    .where('order_id', '=', step.order_id)
    .where(sql<boolean>`order_line_id is not distinct from ${step.order_line_id ?? null}`)
    .where('topic', '=', step.topic)
    .where('name', '=', step.name)
    .executeTakeFirst();
}

/**
 * Remembers that a step is finished. A second memory of the same step changes nothing: the first answer stays.
 * @param result JSON text, or null for a step that answered nothing.
 * @throws the database's `effects_only_when_paid` when something would be done for an order that is not paid.
 */
export async function rememberEffect(
  db: Database,
  effect: Step & { readonly id: string; readonly result: string | null; readonly at: Date },
): Promise<void> {
  const { at, ...row } = effect;
  await db
    .insertInto('effects')
    .values({ ...row, order_line_id: row.order_line_id ?? null, done_at: at })
    .onConflict((conflict) => conflict.constraint('effects_once').doNothing())
    .execute();
}
