import type { JsonSchema } from './json-schema.ts';

const TEXT: JsonSchema = { type: 'string' };
const TEXTS: JsonSchema = { type: 'array', items: TEXT };

const params = (
  properties: Record<string, JsonSchema>,
  reply: JsonSchema = {},
): { params: JsonSchema; reply: JsonSchema } => ({
  params: { type: 'object', properties: { expand: TEXTS, ...properties }, additionalProperties: false },
  reply,
});

/**
 * Paths that Stripe's command line tool calls and that the client library does not know. Where the reply is an object
 * that a type describes, it is checked; the others are shapes of our own that only the tool reads.
 */
export const CLI_OPERATIONS: Readonly<Record<string, { params: JsonSchema; reply: JsonSchema }>> = {
  'POST /v1/events/:id/retry': params(
    { webhook_endpoint: TEXT, for_stripecli: { type: 'boolean' }, account: TEXT },
    { $ref: '#/$defs/EventBase' },
  ),
  'GET /v1/payment_pages/:id': params({}),
  'POST /v1/payment_pages/:id/confirm': params({
    payment_method: TEXT,
    expected_amount: { type: 'number' },
    payment_method_data: {},
    key: TEXT,
  }),
  'POST /v1/stripecli/sessions': params({
    device_name: TEXT,
    websocket_features: TEXTS,
    forward_to_url: TEXT,
    forward_connect_to_url: TEXT,
    forward_thin_to_url: TEXT,
    forward_thin_connect_to_url: TEXT,
    filters: TEXT,
  }),
};
