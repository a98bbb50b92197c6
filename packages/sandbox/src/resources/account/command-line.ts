import { type Input, text } from '../../http/input.ts';
import { type Route, route } from '../../http/router.ts';
import { API_VERSION } from '../../kernel/options.ts';
import type { Tx } from '../../store/tx.ts';

const RECONNECT_S = 600;

/** The official command line asks where to listen. Its secret is the same for one device each time. */
function open(tx: Tx, input: Input): unknown {
  const device = text(input, 'device_name') ?? 'device';
  const websocket_id = tx.ids.next('cliws_');
  const secret = `whsec_${tx.ids.named(`command line:${device}`, 64).toLowerCase()}`;
  tx.world.cliSessions.set(websocket_id, { secret });
  return {
    websocket_url: `${tx.world.publicUrl.replace(/^http/, 'ws')}/ws`,
    websocket_id,
    websocket_authorized_feature: 'webhooks',
    reconnect_delay: RECONNECT_S,
    secret,
    default_version: API_VERSION,
    latest_version: API_VERSION,
    device_token: tx.ids.named(`device:${device}`, 24),
    display_connect_filter_warning: false,
  };
}

export const COMMAND_LINE_ROUTES: Route[] = [route('POST', '/v1/stripecli/sessions', (tx, input) => open(tx, input))];
