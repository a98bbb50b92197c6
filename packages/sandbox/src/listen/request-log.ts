import type { Incoming } from '../http/call.ts';
import type { Reply } from '../http/reply.ts';
import { badParam } from '../kernel/failure.ts';
import type { LogFilters } from '../store/world.ts';

const FILTERS = [
  'filter_account',
  'filter_http_method',
  'filter_ip_address',
  'filter_request_path',
  'filter_request_status',
  'filter_source',
  'filter_status_code',
  'filter_status_code_type',
] as const;

/**
 * Reads the filters of `logs tail`, which come as JSON in one parameter.
 * @throws ApiFailure 400 for anything but lists of words under known names
 */
export function readFilters(text: string | undefined): LogFilters {
  if (text === undefined) return {};
  const refuse = (): Error => badParam('filters', 'The filters have to be a JSON object with lists of words.');
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw refuse();
    throw error;
  }
  if (parsed === null || typeof parsed !== 'object' || Array.isArray(parsed)) throw refuse();
  const filters: LogFilters = {};
  for (const [name, words] of Object.entries(parsed)) {
    const known = FILTERS.find((filter) => filter === name);
    if (!known || !Array.isArray(words) || !words.every((word) => typeof word === 'string')) throw refuse();
    filters[known] = words;
  }
  return filters;
}

/** One answered call, with the fields that the command line prints. */
export interface LoggedCall {
  created_at: number;
  livemode: false;
  method: string;
  request_id: string;
  status: number;
  /** The path alone, as Stripe logs it. */
  url: string;
  error: Record<string, unknown> | null;
}

const ERROR_FIELDS = ['type', 'charge', 'code', 'decline_code', 'message', 'param'];

/** @param now in seconds */
export function loggedCall({ method, path }: Incoming, { status, headers, body }: Reply, now: number): LoggedCall {
  return {
    created_at: now,
    livemode: false,
    method,
    request_id: headers['request-id'] ?? '',
    status,
    url: path,
    error: status < 400 ? null : errorOf(body),
  };
}

function errorOf(body: string): Record<string, unknown> {
  const { error } = JSON.parse(body) as { error: Record<string, unknown> };
  return Object.fromEntries(ERROR_FIELDS.map((name) => [name, error[name] ?? '']));
}

/** Every caller is on this machine and uses its one account, so some filters let all through and others nothing. */
export function passes(call: LoggedCall, filters: LogFilters): boolean {
  const facts: Record<(typeof FILTERS)[number], string> = {
    filter_account: 'self',
    filter_http_method: call.method,
    filter_ip_address: '127.0.0.1',
    filter_request_path: call.url,
    filter_request_status: call.status < 400 ? 'SUCCEEDED' : 'FAILED',
    filter_source: 'API',
    filter_status_code: String(call.status),
    // The command line takes 4XX and sends 400.
    filter_status_code_type: `${String(call.status).slice(0, 1)}00`,
  };
  return FILTERS.every((name) => {
    const wanted = filters[name] ?? [];
    return wanted.length === 0 || wanted.some((word) => word.toLowerCase() === facts[name].toLowerCase());
  });
}
