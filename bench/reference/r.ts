// R: the smallest honest server for this trade, against which everything is measured. Fastify 5, one route, one prepared
// INSERT of the event, one commit per POST. `/hello` answers a constant. Frozen: a change of R is a new reference.
import Fastify from 'fastify';
import { Pool } from 'pg';

const pool = new Pool({ connectionString: process.env.BENCH_DATABASE_URL ?? '', max: 10 });
const app = Fastify({ logger: false });

app.post('/webhook', async (request) => {
  const event = request.body as { id: string; type: string };
  await pool.query({
    name: 'insert-event',
    text: 'insert into reference_events (id, type, body) values ($1, $2, $3)',
    values: [event.id, event.type, JSON.stringify(event)],
  });
  return { received: true };
});
app.post('/hello', async () => ({ hello: 'world' }));

await app.listen({ host: '127.0.0.1', port: 0 });
const address = app.server.address();
process.on('SIGTERM', () => process.exit(0));
process.send?.({ ready: true, port: typeof address === 'object' ? address?.port : 0 });
