// The checkout of a usual tutorial: a route that asks Stripe for a session and hands its address on. No database, no
// price of its own, nothing kept. Written on node:http, which does less than Express does and so is the harder rival.
import { createServer } from 'node:http';
import Stripe from 'stripe';

const stripe = new Stripe('sk_test_bench', {
  host: '127.0.0.1',
  port: Number(process.env.BENCH_STRIPE_PORT),
  protocol: 'http',
  telemetry: false,
});

const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { success_url: string };
  const session = await stripe.checkout.sessions.create({
    mode: 'payment',
    line_items: [
      {
        price_data: { currency: 'usd', unit_amount: 2000, product_data: { name: 'Seat' } },
        quantity: 1,
      },
    ],
    success_url: body.success_url,
  });
  const answer = JSON.stringify({ url: session.url, session_id: session.id });
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(answer) });
  response.end(answer);
});

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.({ ready: true, port: typeof address === 'object' ? address?.port : 0 });
});
process.on('SIGTERM', () => process.exit(0));
