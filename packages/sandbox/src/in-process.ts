import type Stripe from 'stripe';
import type { Incoming } from './http/call.ts';
import { ConnectionFault, type Reply } from './http/reply.ts';
import { withTimeout } from './system.ts';

type Client = InstanceType<typeof Stripe.HttpClient>;
type Answered = Awaited<ReturnType<Client['makeRequest']>>;

/**
 * The way of the official client into a sandbox of this process. It carries what a port would carry, and leaves out
 * the objects of the fetch API, which cost as much as a payment does.
 */
export function inProcessClient(api: (incoming: Incoming) => Promise<Reply>): Client {
  const makeRequest: Client['makeRequest'] = async (...sent) => {
    const [, , path, method, headers, data, , timeout] = sent;
    const cut = path.indexOf('?');
    const names = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
    const incoming: Incoming = {
      method,
      path: cut < 0 ? path : path.slice(0, cut),
      search: cut < 0 ? '' : path.slice(cut),
      header: (name) => names.get(name) ?? null,
      body: () => data ?? '',
    };
    return answered(await withTimeout(api(incoming), timeout, () => new ConnectionFault('ETIMEDOUT')));
  };
  return { getClientName: () => 'sandbox', makeRequest } as Client;
}

function answered({ status, headers, body, cut }: Reply): Answered {
  return {
    getStatusCode: () => status,
    getHeaders: () => headers,
    getRawResponse: () => ({ status, headers, body }),
    toStream: (done) => {
      done();
      return new Response(body).body;
    },
    // The line breaks in the middle of the body, which the client has to tell from a body that is no JSON.
    toJSON: async () => {
      if (cut) throw new ConnectionFault('ECONNRESET');
      return JSON.parse(body);
    },
  } as Answered;
}
