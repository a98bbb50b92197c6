import type { Hooks } from '../../src/config/hooks.ts';
import { checkHooks } from '../../src/config/hooks.ts';
import { assertNoTransaction } from '../../src/database/index.ts';
import type { Mailer } from '../../src/outbox/mailer.ts';
import type { Scheduler } from '../engine/scheduler.ts';
import type { Faults } from '../faults/faults.ts';
import type { Evidence } from './evidence.ts';

export interface PostWorld {
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly evidence: Evidence;
  /** Ends the node whose code is running. */
  readonly crashHere: () => Promise<void>;
}

/** A mail provider that remembers what it took, and that is down, deaf or talkative as the seed has it. */
export function recordedMailer({ scheduler, faults, evidence, crashHere }: PostWorld): Mailer {
  return {
    async send(mail) {
      assertNoTransaction();
      await scheduler.point('mail');
      const fault = faults.strike('mail', ['mail_down', 'mail_answer_lost', 'mail_crash'], 'mail');
      if (fault === 'mail_down') throw new Error('the mail server does not answer');
      const known = evidence.mails.get(mail.message_id);
      evidence.mails.set(mail.message_id, { times: (known?.times ?? 0) + 1, to: mail.to, subject: mail.subject });
      if (fault === 'mail_answer_lost') throw new Error('the mail server took it and its answer was lost');
      if (fault === 'mail_crash') await crashHere();
      await scheduler.point('mail taken');
      return 'sent';
    },
    async close() {
      assertNoTransaction();
    },
  };
}

/** The shop's own code: it hands the tickets out in one remembered step, through a door that may fail as well. */
export function recordedHooks({ scheduler, faults, evidence, crashHere }: PostWorld): Hooks {
  return checkHooks({
    on: {
      'order.paid': async (call: {
        order: { id: string };
        once: (name: string, step: (call: { idempotency_key: string }) => Promise<unknown>) => Promise<unknown>;
      }) => {
        await call.once('hand out', async ({ idempotency_key }) => {
          await scheduler.point('hook');
          const fault = faults.strike('mail', ['mail_down', 'mail_answer_lost', 'mail_crash'], 'hook');
          if (fault === 'mail_down') throw new Error('the door does not answer');
          const known = evidence.effects.get(idempotency_key);
          const at_ms = known?.at_ms ?? scheduler.now();
          evidence.effects.set(idempotency_key, { order_id: call.order.id, times: (known?.times ?? 0) + 1, at_ms });
          if (fault === 'mail_answer_lost') throw new Error('handed out, and nobody heard of it');
          if (fault === 'mail_crash') await crashHere();
          return 'handed out';
        });
      },
    },
  });
}
