import { assertNoTransaction, type ClaimedDelivery } from '../../database/index.ts';
import { viewAppointment } from '../../domain/appointments/index.ts';
import { assert } from '../../kernel/assert.ts';
import type { OutboxDesk } from '../desk.ts';
import { findEffect, rememberEffect, type Step } from '../effects-table.ts';

/**
 * Has the workflow of one confirmed appointment started, once: what was started is remembered, and a crash before the
 * memory starts it again under the same id, which an engine knows. One that was called off before its turn came has
 * nothing to accompany.
 * @throws whatever the engine throws; the delivery stays due.
 */
export async function startWorkflow(desk: OutboxDesk, delivery: ClaimedDelivery): Promise<void> {
  assertNoTransaction();
  const workflow_id = delivery.destination.slice(delivery.destination.indexOf(':') + 1);
  const appointment = await viewAppointment(desk.db, workflow_id);
  assert(appointment, 'a message names an appointment that exists');
  if (appointment.state !== 'confirmed') return;
  const { order_id, order_line_id, starts_at, ends_at, offer_external_id, practitioner_external_id } = appointment;
  const started: Step = { order_id, order_line_id, topic: delivery.topic, name: 'workflow:start' };
  if (await findEffect(desk.db, started)) return;
  const ids = { workflow_id, order_id, service_id: offer_external_id, practitioner_id: practitioner_external_id };
  await desk.workflows.start({ ...ids, starts_at, ends_at });
  const result = JSON.stringify({ workflow_id });
  await rememberEffect(desk.db, { ...started, id: desk.ids.uuid(), result, at: desk.clock.now() });
}
