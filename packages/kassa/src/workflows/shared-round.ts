import type { DueTimer, TimerRound, TimerStory } from './run-timers.ts';

/**
 * One round for several shops on one database: a timer is claimed once, and its story is told by the shop that its
 * subject belongs to.
 * @param rounds one for each shop, by tenant; at least one, all alike but for their stories.
 * @param tenantOf whose a timer's subject is; undefined when nobody's.
 */
export function sharedRound<Timer extends DueTimer>(
  rounds: ReadonlyMap<string, TimerRound<Timer>>,
  tenantOf: (subject: string) => Promise<string | undefined>,
): TimerRound<Timer> {
  const [first, ...others] = rounds.values();
  if (first === undefined) throw new Error('a round is shared by one shop at least');
  if (others.length === 0) return first;
  const tell: TimerStory<Timer> = async (timer) => {
    const tenant = await tenantOf(timer.subject);
    const story = tenant === undefined ? undefined : rounds.get(tenant)?.stories[timer.kind];
    if (!story) throw new Error(`the configuration names no shop that ${timer.subject} belongs to`);
    await story(timer);
  };
  return { ...first, stories: Object.fromEntries(Object.keys(first.stories).map((kind) => [kind, tell])) };
}
