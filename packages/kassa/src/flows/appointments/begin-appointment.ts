import { inTransaction, setTimer } from '../../database/index.ts';
import { viewAppointment } from '../../domain/appointments/index.ts';
import type { House } from '../house.ts';

/**
 * Looks after one confirmed appointment from now on: a timer rings when its time is over. Begun twice it is the same
 * timer; one that was called off meanwhile is left alone.
 */
export async function beginAppointment(house: House, appointment_id: string): Promise<void> {
  await inTransaction(house.db, async (tx) => {
    const appointment = await viewAppointment(tx, appointment_id);
    if (appointment?.state !== 'confirmed') return;
    await setTimer(tx, { subject: appointment_id, kind: 'appointment_ends', due_at: appointment.ends_at });
  });
}
