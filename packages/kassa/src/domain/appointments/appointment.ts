export type AppointmentState = 'held' | 'confirmed' | 'released' | 'canceled' | 'completed' | 'no_show';

/** Paid for; let go because nobody paid; called off; its time is over. */
export type AppointmentEvent = 'paid' | 'let_go' | 'called_off' | 'passed';

/**
 * The life of an appointment. Late money may still confirm one that was let go, when its time is free again; what has
 * happened stays as it happened, also when its money goes back.
 */
export const APPOINTMENT_NEXT: Readonly<
  Record<AppointmentState, Readonly<Record<AppointmentEvent, AppointmentState | 'refuse'>>>
> = {
  held: { paid: 'confirmed', let_go: 'released', called_off: 'canceled', passed: 'held' },
  confirmed: { paid: 'confirmed', let_go: 'confirmed', called_off: 'canceled', passed: 'completed' },
  released: { paid: 'confirmed', let_go: 'released', called_off: 'released', passed: 'released' },
  canceled: { paid: 'refuse', let_go: 'canceled', called_off: 'canceled', passed: 'canceled' },
  completed: { paid: 'completed', let_go: 'completed', called_off: 'completed', passed: 'completed' },
  no_show: { paid: 'no_show', let_go: 'no_show', called_off: 'no_show', passed: 'no_show' },
};
