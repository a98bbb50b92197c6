import { type Input, text, texts } from '../../http/input.ts';
import { type Route, route } from '../../http/router.ts';
import { badParam, unsupported, wrongState } from '../../kernel/failure.ts';
import { API_VERSION } from '../../kernel/options.ts';
import { readFilters } from '../../listen/request-log.ts';
import type { Tx } from '../../store/tx.ts';
import type { CommandLineSession } from '../../store/world.ts';

const RECONNECT_S = 600;
/** Older ones are forgotten; a command line that still shows one of them is told to ask again. */
const SESSIONS = 100;

/** @throws ApiFailure when nothing that the sandbox can send was asked for */
function readFeature(input: Input): CommandLineSession['feature'] {
  const features = texts(input, 'websocket_features') ?? ['webhooks'];
  const feature = features.find((name) => name === 'webhooks' || name === 'request_logs');
  if (feature === 'webhooks' || feature === 'request_logs') return feature;
  if (features.includes('v2_events')) throw unsupported('thin events');
  throw badParam('websocket_features', 'The features of a line are webhooks and request_logs.');
}

/** The official command line asks where to listen. Its secret is the same each time for one device name. */
function open(tx: Tx, input: Input): unknown {
  const { world, ids } = tx;
  const device = text(input, 'device_name') ?? 'device';
  const feature = readFeature(input);
  const filters = readFilters(text(input, 'filters'));
  if (world.socketUrl === '') {
    throw wrongState('', 'This sandbox is used inside a program. Command lines can listen only to one on a port.');
  }
  const websocket_id = ids.next('cliws_');
  const secret = `whsec_${ids.named(`command line:${device}`, 64).toLowerCase()}`;
  world.cliSessions.set(websocket_id, { feature, account: tx.account(), secret, filters });
  for (const oldest of world.cliSessions.keys()) {
    if (world.cliSessions.size <= SESSIONS) break;
    world.cliSessions.delete(oldest);
  }
  return {
    websocket_url: world.socketUrl,
    websocket_id,
    websocket_authorized_feature: feature,
    reconnect_delay: RECONNECT_S,
    secret,
    default_version: API_VERSION,
    latest_version: API_VERSION,
    device_token: ids.named(`device:${device}`, 24),
    display_connect_filter_warning: false,
  };
}

export const COMMAND_LINE_ROUTES: Route[] = [route('POST', '/v1/stripecli/sessions', (tx, input) => open(tx, input))];
