import { defineStandIns } from 'kassa';
import { doors } from './clients.ts';

export default defineStandIns({
  connect(effect) {
    doors.open = (line, idempotency_key) => effect({ to: 'doors.open', content: { line }, idempotency_key });
  },
});
