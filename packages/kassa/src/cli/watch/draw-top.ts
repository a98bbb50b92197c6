import { figureOf, perSecond, type Sample } from './measures.ts';

const NAME_WIDTH = 12;

/** One screen: where work waits, what is left of Stripe's limits, who was sent away. */
export function drawTop(url: string, now: Sample, before: Sample | undefined): string {
  const build = now.values.find(({ name }) => name === 'build')?.labels.version ?? '?';
  return [
    `kassa ${build} at ${url}   ${now.at.toISOString().slice(11, 19)} UTC`,
    '',
    row('inbox', queue(now, 'inbox_events', 'inbox_oldest_due_seconds')),
    row('deliveries', queue(now, 'deliveries', 'deliveries_oldest_due_seconds')),
    row('timers', [
      `due ${figureOf(now, 'timers_due')}`,
      `oldest ${seconds(figureOf(now, 'timers_oldest_due_seconds'))}`,
    ]),
    row('webhooks', webhooks(now, before)),
    ...['requests', 'webhooks', 'workers'].map((pool) => row(`db ${pool}`, connections(now, pool))),
    ...stripe(now),
    row('requests', [`under way ${told(now, 'requests_under_way')}`, `sent away ${told(now, 'requests_shed_total')}`]),
    row('process', itself(now, before)),
  ].join('\n');
}

function row(name: string, cells: readonly string[]): string {
  return `${name.padEnd(NAME_WIDTH)} ${cells.join('   ')}`;
}

function queue(now: Sample, name: string, age: string): string[] {
  const states = ['due', 'later', 'parked'].map((state) => `${state} ${figureOf(now, name, { state })}`);
  return [...states, `oldest ${seconds(figureOf(now, age))}`];
}

function webhooks(now: Sample, before: Sample | undefined): string[] {
  const rate = (name: string): string => Math.round(perSecond(name, now, before)).toString();
  return [
    `${rate('events_stored_total')} events/s in ${rate('event_batches_total')} statements/s`,
    `${figureOf(now, 'events_stored_total')} in all`,
    `largest batch ${figureOf(now, 'event_batch_rows_max')}`,
  ];
}

function connections(now: Sample, pool: string): string[] {
  const states = ['busy', 'idle'].map((state) => `${state} ${figureOf(now, 'database_connections', { pool, state })}`);
  return [...states, `waiting ${figureOf(now, 'database_waiting', { pool })}`];
}

function stripe(now: Sample): string[] {
  return now.values.flatMap(({ name, labels, value }) => {
    if (name !== 'stripe_calls_left') return [];
    const { endpoint = '' } = labels;
    const per_s = figureOf(now, 'stripe_calls_per_second', labels);
    return [
      row('Stripe', [`${value} calls left, ${Math.round(per_s)}/s`, endpoint === '*' ? 'all together' : endpoint]),
    ];
  });
}

/** The sum, and what it is made of where there is anything. */
function told(now: Sample, wanted: string): string {
  const parts = now.values.filter(({ name }) => name === wanted);
  const sum = parts.reduce((all, { value }) => all + value, 0);
  const some = parts.filter(({ value }) => value > 0).map(({ labels, value }) => `${labels.kind} ${value}`);
  return some.length === 0 ? String(sum) : `${sum} (${some.join(', ')})`;
}

function itself(now: Sample, before: Sample | undefined): string[] {
  const megabytes = Math.round(figureOf(now, 'process_resident_memory_bytes') / 1_000_000);
  const share =
    before === undefined ? '' : `${Math.round(perSecond('process_cpu_seconds_total', now, before) * 100)} %`;
  return [`${megabytes} MB`, ...(share === '' ? [] : [`${share} of a core`])];
}

function seconds(value: number): string {
  return `${Math.round(value)} s`;
}
