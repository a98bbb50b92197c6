import { defineHooks } from 'kassa';
import config from './kassa.config.ts';

/** As the documentation teaches it: steps by `once` with their keys handed on, rows by `commit`, errors let through. */
export default defineHooks(config, {
  on: {
    'order.paid': async ({ order, once, commit }) => {
      for (const line of order.lines) {
        await once(`seat:${line.id}`, async ({ idempotency_key }) => {
          const answer = await fetch('https://arena.example/seats', {
            method: 'POST',
            headers: { 'content-type': 'application/json', 'idempotency-key': idempotency_key },
            body: JSON.stringify({ line: line.id, quantity: line.quantity, asked_at: Date.now() }),
            signal: AbortSignal.timeout(10_000),
          });
          if (!answer.ok) throw new Error(`the arena answered ${answer.status}`);
          return ((await answer.json()) as { id: string }).id;
        });
      }
      await commit(async (tx) => void (await tx.sql('insert into guests (order_id) values ($1)', [order.id])));
    },
    'order.refunded': async ({ order, once }) => {
      await once('free', async ({ idempotency_key }) => {
        const url = `https://arena.example/seats/${order.id}?key=${idempotency_key}`;
        const answer = await fetch(url, { method: 'DELETE' });
        if (!answer.ok) throw new Error(`the arena answered ${answer.status}`);
      });
    },
  },
});
