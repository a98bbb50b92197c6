import type { Database } from '../database/index.ts';

/** A step of a hook, named for ever: the same order, topic and name are the same step. */
export interface Step {
  readonly order_id: string;
  readonly topic: string;
  readonly name: string;
}

/** What a finished step answered; undefined while it has not been finished. */
export async function findEffect(db: Database, step: Step): Promise<{ readonly result: unknown } | undefined> {
  return db
    .selectFrom('effects')
    .select('result')
    .where('order_id', '=', step.order_id)
    .where('order_line_id', 'is', null)
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
    .values({ ...row, order_line_id: null, done_at: at })
    .onConflict((conflict) => conflict.constraint('effects_once').doNothing())
    .execute();
}
