import { assertNoTransaction } from '../../database/index.ts';
import type { WorkflowEngine } from './engine.ts';

/** The house looks after its appointments by itself: a timer for each, as durable as the order. */
export function builtInEngine(begin: (appointment_id: string) => Promise<void>): WorkflowEngine {
  return {
    async start({ workflow_id }) {
      assertNoTransaction();
      await begin(workflow_id);
    },
  };
}
