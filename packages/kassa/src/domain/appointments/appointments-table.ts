import { type Database, lockClass, sql, type Transaction } from '../../database/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import type { Ids } from '../../kernel/ids.ts';
import type { AppointmentState } from './appointment.ts';
import { LOOK_AHEAD_MS, nextFree, type Stretch } from './slot.ts';

type Reader = Database | Transaction;

/** A time that an order wants. */
export interface NewSlot extends Stretch {
  readonly practitioner_id: string;
  /** The end with the pause after it. */
  readonly free_from: Date;
}

export interface NewAppointment extends NewSlot {
  readonly order_line_id: string;
  readonly offer_id: string;
}

/** A time that an order has, had, or would take again. */
export interface Appointment extends Stretch {
  readonly id: string;
  readonly order_line_id: string;
  readonly practitioner_id: string;
  readonly offer_id: string;
  readonly state: AppointmentState;
}

/** An appointment as its buyer knows it: by the ids that the shop gave to the service and to the person. */
export interface BookedTime extends Stretch {
  readonly id: string;
  readonly offer_external_id: string;
  readonly practitioner_external_id: string;
  readonly state: AppointmentState;
}

const NEXT_FREE_COUNT = 3;
const TAKEN_MAX = 500;

/**
 * Sets times aside for every line or for none: one that is taken throws, and the transaction takes all others back.
 * Whoever asks for a practitioner's time first locks the practitioner, in one order of ids, so two orders neither wait
 * for each other nor both see the same hour free; the constraint `appointments_never_overlap` stands behind.
 * @throws KassaError `slot_taken` with up to three starts that are free, as `next_free`.
 */
export async function holdSlots(
  tx: Transaction,
  shop: { readonly tenant_id: string; readonly mode: 'test' | 'live' },
  wanted: readonly NewAppointment[],
  world: { ids: Ids; at: Date },
): Promise<void> {
  if (wanted.length === 0) return;
  await lockPractitioners(
    tx,
    wanted.map((slot) => slot.practitioner_id),
  );
  const { tenant_id, mode } = shop;
  for (const slot of wanted) {
    await checkFree(tx, slot);
    const { order_line_id, practitioner_id, offer_id, starts_at, ends_at, free_from } = slot;
    await sql`
      insert into kassa.appointments
        (id, tenant_id, mode, order_line_id, practitioner_id, offer_id, during, blocked, state, created_at, updated_at)
      values (${world.ids.uuid()}, ${tenant_id}, ${mode}, ${order_line_id}, ${practitioner_id}, ${offer_id},
        tstzrange(${starts_at}, ${ends_at}), tstzrange(${starts_at}, ${free_from}), 'held', ${world.at}, ${world.at})
      `.execute(tx);
  }
}

/** Looks without holding; what orders hold that are given up is free. @throws KassaError `slot_taken` like `holdSlots`. */
export async function checkFree(db: Reader, slot: NewSlot, given_up: readonly string[] = []): Promise<void> {
  const { practitioner_id, starts_at, free_from } = slot;
  const until = new Date(starts_at.getTime() + LOOK_AHEAD_MS + (free_from.getTime() - starts_at.getTime()));
  const { rows } = await sql<Stretch>`
    select lower(blocked) as starts_at, upper(blocked) as ends_at from kassa.appointments
     where practitioner_id = ${practitioner_id} and state in ('held', 'confirmed')
       and blocked && tstzrange(${starts_at}, ${until})
       and not (state = 'held' and exists (select from kassa.order_lines line
         where line.id = appointments.order_line_id and line.order_id = any(${given_up}::uuid[])))
     order by lower(blocked), id limit ${TAKEN_MAX}`.execute(db);
  const [first] = rows;
  if (!first || first.starts_at.getTime() >= free_from.getTime()) return;
  const wanted = { starts_at, ends_at: free_from };
  const next_free = nextFree(wanted, rows, NEXT_FREE_COUNT).map((start) => start.toISOString());
  throw new KassaError('slot_taken', 'This time is no longer free.', { next_free });
}

/**
 * The appointments of a locked order. Those that were let go are told with whether they could be taken again, their
 * practitioners locked: the time must be free, and still to come.
 */
export async function lockAppointments(
  tx: Transaction,
  order_id: string,
  at: Date,
): Promise<(Appointment & { readonly free: boolean })[]> {
  const mine = await appointmentsOf(tx, order_id);
  const let_go = mine.filter((one) => one.state === 'released');
  if (let_go.length === 0) return mine.map((one) => ({ ...one, free: true }));
  await lockPractitioners(
    tx,
    let_go.map((one) => one.practitioner_id),
  );
  const { rows } = await sql<{ id: string }>`
    select mine.id from kassa.appointments mine
     where mine.id = any(${let_go.map((one) => one.id)}::uuid[]) and lower(mine.during) > ${at}
       and not exists (select from kassa.appointments other
         where other.practitioner_id = mine.practitioner_id and other.state in ('held', 'confirmed')
           and other.blocked && mine.blocked)
     order by mine.id`.execute(tx);
  const free = new Set(rows.map((row) => row.id));
  return mine.map((one) => ({ ...one, free: one.state !== 'released' || free.has(one.id) }));
}

/** The appointments of an order, in the order of its lines. */
export async function appointmentsOf(db: Reader, order_id: string): Promise<Appointment[]> {
  return db
    .selectFrom('appointments')
    .innerJoin('order_lines', 'order_lines.id', 'appointments.order_line_id')
    .select(['appointments.id', 'appointments.order_line_id', 'appointments.practitioner_id', 'appointments.offer_id'])
    .select(['appointments.state', sql<Date>`lower(during)`.as('starts_at'), sql<Date>`upper(during)`.as('ends_at')])
    .where('order_lines.order_id', '=', order_id)
    .orderBy('order_lines.position')
    .orderBy('appointments.id')
    .execute();
}

/** Moves appointments of a locked order from one state to another. */
export async function moveAppointments(
  tx: Transaction,
  ids: readonly string[],
  to: AppointmentState,
  at: Date,
): Promise<void> {
  if (ids.length === 0) return;
  await tx
    .updateTable('appointments')
    .set({ state: to, updated_at: at })
    .where('id', 'in', [...ids])
    .execute();
}

/** Ends an appointment whose time is over; one that was called off before stays so. */
export async function markPassed(tx: Transaction, id: string, at: Date): Promise<boolean> {
  const result = await tx
    .updateTable('appointments')
    .set({ state: 'completed', updated_at: at })
    .where('id', '=', id)
    .where('state', '=', 'confirmed')
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** An appointment with the order that it was bought in. */
export interface AppointmentView extends BookedTime {
  readonly order_id: string;
  readonly order_line_id: string;
}

export async function viewAppointment(db: Reader, id: string): Promise<AppointmentView | undefined> {
  return db
    .selectFrom('appointments as mine')
    .innerJoin('order_lines as line', 'line.id', 'mine.order_line_id')
    .innerJoin('offers as offer', 'offer.id', 'mine.offer_id')
    .innerJoin('practitioners as person', 'person.id', 'mine.practitioner_id')
    .select(['mine.id', 'mine.order_line_id', 'mine.state', 'line.order_id', 'offer.external_id as offer_external_id'])
    .select('person.external_id as practitioner_external_id')
    .select([sql<Date>`lower(mine.during)`.as('starts_at'), sql<Date>`upper(mine.during)`.as('ends_at')])
    .where('mine.id', '=', id)
    .executeTakeFirst();
}

/** Without `key`: lines that name a practitioner need not wait for whoever only sets a time aside. */
async function lockPractitioners(tx: Transaction, ids: readonly string[]): Promise<void> {
  lockClass(tx, 'stock');
  await tx
    .selectFrom('practitioners')
    .select('id')
    .where('id', 'in', [...new Set(ids)])
    .orderBy('id')
    .forNoKeyUpdate()
    .execute();
}
