export { APPOINTMENT_NEXT, type AppointmentEvent, type AppointmentState } from './appointment.ts';
export {
  type Appointment,
  type AppointmentView,
  appointmentsOf,
  type BookedTime,
  checkFree,
  holdSlots,
  lockAppointments,
  markPassed,
  moveAppointments,
  type NewAppointment,
  type NewSlot,
  viewAppointment,
} from './appointments-table.ts';
export { nextFree, type Stretch } from './slot.ts';
