import { listObjects, readFilters, readFlagFilter } from '../../http/lists.ts';
import { type Route, route } from '../../http/router.ts';
import type { SetupIntent } from '../../kernel/kinds.ts';
import type { Tx } from '../../store/tx.ts';
import { checkClientSecret } from '../payments/intent.ts';
import { cancelSetup, confirmByCall, createSetupIntent, updateSetupIntent } from './intents.ts';

const intentOf = (tx: Tx, ids: Record<string, string>): SetupIntent =>
  tx.get('setup_intent', ids.intent ?? '', 'intent');

export const SETUP_ROUTES: Route[] = [
  route('POST', '/v1/setup_intents', (tx, input) => createSetupIntent(tx, input)),
  route(
    'GET',
    '/v1/setup_intents/:intent',
    (tx, input, { ids, publishable }) => {
      const intent = intentOf(tx, ids);
      checkClientSecret(intent, input, publishable);
      return publishable ? { ...intent, metadata: {} } : intent;
    },
    true,
  ),
  route('POST', '/v1/setup_intents/:intent', (tx, input, { ids }) => updateSetupIntent(tx, input, intentOf(tx, ids))),
  route(
    'POST',
    '/v1/setup_intents/:intent/confirm',
    (tx, input, { ids, publishable }) => {
      const intent = intentOf(tx, ids);
      checkClientSecret(intent, input, publishable);
      return confirmByCall(tx, input, intent);
    },
    true,
  ),
  route('POST', '/v1/setup_intents/:intent/cancel', (tx, input, { ids }) => cancelSetup(tx, input, intentOf(tx, ids))),
  route('GET', '/v1/setup_intents', (tx, input) =>
    listObjects(tx, 'setup_intent', input, {
      url: '/v1/setup_intents',
      where: {
        ...readFilters(input, 'customer', 'customer_account', 'payment_method'),
        attach_to_self: readFlagFilter(input, 'attach_to_self'),
      },
    }),
  ),
];
