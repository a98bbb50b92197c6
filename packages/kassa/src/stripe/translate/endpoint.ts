import type { EndpointReport } from '../../domain/payments/gateway.ts';
import { fieldsOf, optionalText, textOf } from './read-field.ts';

/** A webhook endpoint in our words (docs.stripe.com/api/webhook_endpoints/object). @throws Bug */
export function reportOfEndpoint(value: unknown): EndpointReport {
  const endpoint = fieldsOf(value, 'a webhook endpoint');
  const { enabled_events } = endpoint;
  return {
    url: textOf(endpoint, 'url'),
    is_enabled: textOf(endpoint, 'status') === 'enabled',
    api_version: optionalText(endpoint, 'api_version'),
    types: Array.isArray(enabled_events) ? enabled_events.filter((type) => typeof type === 'string') : [],
  };
}
