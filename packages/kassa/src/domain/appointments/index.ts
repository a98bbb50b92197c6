export { APPOINTMENT_NEXT, type AppointmentEvent, type AppointmentState } from './appointment.ts';
export {
  type Appointment,
  appointmentsOf,
  type BookedTime,
  bookedTimesOf,
  checkFree,
  completeAppointment,
  holdSlots,
  lockAppointments,
  moveAppointments,
  type NewAppointment,
  type NewSlot,
} from './appointments-table.ts';
export { nextFree, type Stretch } from './slot.ts';
