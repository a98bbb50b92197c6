import { type EndpointSecrets, reachable } from '../../delivery/targets.ts';
import {
  clearable,
  flag,
  has,
  type Input,
  mergeMetadata,
  metadataOf,
  needText,
  text,
  texts,
} from '../../http/input.ts';
import { listObjects } from '../../http/lists.ts';
import { type Route, route } from '../../http/router.ts';
import { badParam, missingParam } from '../../kernel/failure.ts';
import type { WebhookEndpoint } from '../../kernel/kinds.ts';
import { API_VERSION } from '../../kernel/options.ts';
import type { Tx } from '../../store/tx.ts';

function readUrl(tx: Tx, input: Input): string {
  const url = needText(input, 'url');
  const { deliver, allowHosts } = tx.world.options;
  if (!URL.canParse(url)) throw badParam('url', `Not a valid URL: ${url}.`, 'url_invalid');
  // A function that takes deliveries in this process reaches no network, whatever the address says.
  if (!deliver && !reachable(url, allowHosts ?? [])) {
    throw badParam('url', 'The sandbox sends webhooks to this machine only, such as http://127.0.0.1:4242/webhook.');
  }
  return url;
}

function readEvents(input: Input): string[] | undefined {
  const events = texts(input, 'enabled_events');
  if (events?.length === 0) throw missingParam('enabled_events');
  return events;
}

function newSecret(tx: Tx): string {
  return `whsec_${tx.ids.secret(32)}`;
}

function create(tx: Tx, input: Input): WebhookEndpoint {
  const version = text(input, 'api_version');
  if (version !== undefined && version !== API_VERSION) {
    throw badParam('api_version', `This sandbox serves API version ${API_VERSION}, not ${version}.`);
  }
  const enabled_events = readEvents(input);
  if (!enabled_events) throw missingParam('enabled_events');
  const secret = newSecret(tx);
  const endpoint = tx.insert(
    'webhook_endpoint',
    {
      id: tx.ids.next('we_'),
      object: 'webhook_endpoint',
      api_version: version ?? null,
      application: null,
      created: tx.now,
      description: clearable(input, 'description') ?? null,
      enabled_events,
      livemode: false,
      metadata: metadataOf(input),
      status: 'enabled',
      url: readUrl(tx, input),
    },
    { secret },
  );
  // The secret is told once.
  return { ...endpoint, secret };
}

function update(tx: Tx, input: Input, id: string): WebhookEndpoint {
  const endpoint = tx.get('webhook_endpoint', id, 'webhook_endpoint');
  const metadata = mergeMetadata(input, endpoint.metadata);
  const events = readEvents(input);
  const disabled = flag(input, 'disabled');
  tx.patch(endpoint, {
    ...(metadata ? { metadata } : {}),
    ...(events ? { enabled_events: events } : {}),
    ...(has(input, 'url') ? { url: readUrl(tx, input) } : {}),
    ...(has(input, 'description') ? { description: clearable(input, 'description') ?? null } : {}),
    ...(disabled === undefined ? {} : { status: disabled ? 'disabled' : 'enabled' }),
  });
  return endpoint;
}

/**
 * A new secret for an endpoint. Until the overlap is over, each webhook is signed with both, the new one first; a roll
 * within it ends the older secret at once. Stripe has this in its Dashboard only.
 */
export function rollSecret(tx: Tx, id: string, overlap_ms: number): string {
  const endpoint = tx.get('webhook_endpoint', id, 'webhook_endpoint');
  const hidden = tx.hidden(id) as unknown as EndpointSecrets;
  hidden.rolled = { secret: hidden.secret, until_ms: tx.now_ms + overlap_ms };
  hidden.secret = newSecret(tx);
  tx.touch(endpoint);
  return hidden.secret;
}

export const ENDPOINT_ROUTES: Route[] = [
  route('POST', '/v1/webhook_endpoints', (tx, input) => create(tx, input)),
  route('GET', '/v1/webhook_endpoints/:id', (tx, _, { ids }) =>
    tx.get('webhook_endpoint', ids.id ?? '', 'webhook_endpoint'),
  ),
  route('POST', '/v1/webhook_endpoints/:id', (tx, input, { ids }) => update(tx, input, ids.id ?? '')),
  route('DELETE', '/v1/webhook_endpoints/:id', (tx, _, { ids }) => {
    tx.remove(tx.get('webhook_endpoint', ids.id ?? '', 'webhook_endpoint'));
    return { id: ids.id, object: 'webhook_endpoint', deleted: true };
  }),
  route('GET', '/v1/webhook_endpoints', (tx, input) =>
    listObjects(tx, 'webhook_endpoint', input, { url: '/v1/webhook_endpoints' }),
  ),
];
