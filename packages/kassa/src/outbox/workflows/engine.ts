/** What accompanies an appointment from its payment to its end. */
export interface AppointmentWorkflow {
  /** The appointment's own id: an engine that knows it already starts nothing. */
  readonly workflow_id: string;
  readonly order_id: string;
  readonly service_id: string;
  readonly practitioner_id: string;
  readonly starts_at: Date;
  readonly ends_at: Date;
}

/** Who looks after appointments. */
export interface WorkflowEngine {
  /** Safe to repeat under one id. @throws Error when it is not certain that the workflow has been started. */
  start(workflow: AppointmentWorkflow): Promise<void>;
}
