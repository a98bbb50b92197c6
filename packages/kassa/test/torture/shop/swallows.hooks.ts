import { defineHooks } from 'kassa';
import config from './kassa.config.ts';

/** The mistake: the error ends in the log, the hook returns, and nobody runs it again. */
export default defineHooks(config, {
  on: {
    'order.paid': async ({ order, once }) => {
      for (const line of order.lines) {
        await once(`seat:${line.id}`, async ({ idempotency_key }) => {
          try {
            await fetch('https://arena.example/seats', {
              method: 'POST',
              headers: { 'idempotency-key': idempotency_key },
              body: JSON.stringify({ line: line.id }),
            });
          } catch (error) {
            console.error(error instanceof Error ? error.message : error);
          }
        });
      }
    },
  },
});
