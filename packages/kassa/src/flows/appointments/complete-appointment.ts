import { inTransaction } from '../../database/index.ts';
import { markPassed } from '../../domain/appointments/index.ts';
import type { House } from '../house.ts';

/** The time of an appointment is over: it has taken place, unless it was called off. A repeat changes nothing. */
export async function completeAppointment(house: House, appointment_id: string): Promise<void> {
  await inTransaction(house.db, (tx) => markPassed(tx, appointment_id, house.clock.now()));
}
