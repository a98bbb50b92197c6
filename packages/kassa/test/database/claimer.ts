// A process that claims everything that is due, tells how much it was, and does nothing about it: slow, or about to die.
// node claimer.ts <postgres url>
import { claimDeliveries, claimInboxEvents, claimTimers, openDatabase, stayPresent } from '../../src/database/index.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { systemClock, systemRandom } from '../../src/system.ts';

const url = process.argv[2] ?? '';
const world = { clock: systemClock(), random: systemRandom(), log: silentLog };
const db = openDatabase(url, { ...world, poolIdleMs: 1 });
const presence = stayPresent(db, url, world);
await presence.tried;
const round = { at: world.clock.now(), limit: 10, lease_ms: 3_600_000 };
const claimed = [await claimInboxEvents(db, round), await claimDeliveries(db, round), await claimTimers(db, round)];
console.log(JSON.stringify(claimed.map(({ length }) => length)));
