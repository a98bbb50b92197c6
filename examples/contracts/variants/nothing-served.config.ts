// The shop of the checks with every contract switched off.
import { defineKassa } from 'kassa';
import shop from '../kassa.config.ts';

export default defineKassa({
  ...shop,
  contracts: {
    'hosted-checkout': false,
    'ticket-order': false,
    'booking-checkout': false,
    'chat-payments': false,
    'embedded-checkout': false,
  },
});
