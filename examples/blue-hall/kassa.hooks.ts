// What happens at Blue Hall once an order is paid. Hooks run off the request path, at least once, with retries.
import { defineHooks } from 'kassa';
import config from './kassa.config.ts';

export default defineHooks(config, {
  on: {
    'order.paid': async ({ order, once }) => {
      for (const line of order.lines) {
        // A finished step is remembered, so a repeat of the hook never seats anybody twice.
        await once(`seat:${line.id}`, ({ idempotency_key }) => seat(line.product, line.quantity, idempotency_key));
      }
    },
  },
});

/** Stands for the hall's own seating system; it would be handed the key, so that it too can tell a repeat. */
function seat(
  product: string,
  quantity: number,
  idempotency_key: string,
): { product: string; quantity: number; key: string } {
  return { product, quantity, key: idempotency_key };
}
