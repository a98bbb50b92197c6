// The days and hours to choose from. Which of them are free the shop says when one is chosen; what it says is kept.

const DAYS = 5;
const OPENS = 10;
const CLOSES = 18;
const HOUR_MS = 3_600_000;
const taken = new Set();

/** One choice of a group, drawn as a card. */
export function choice({ name, value, title, detail = '', disabled = false, checked = false }) {
  const label = document.createElement('label');
  const input = Object.assign(document.createElement('input'), { type: 'radio', name, value, disabled, checked });
  const text = Object.assign(document.createElement('b'), { textContent: title });
  label.append(input, text);
  if (detail) label.append(Object.assign(document.createElement('span'), { textContent: detail }));
  return label;
}

/** The next days on which somebody works here, as the first moment of each. */
export function nextDays(now = new Date()) {
  return Array.from({ length: DAYS }, (_, at) => new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1 + at));
}

export const dayName = (day) => day.toLocaleDateString('en-US', { weekday: 'short' });
export const dayDate = (day) => day.toLocaleDateString('en-US', { day: 'numeric', month: 'short' });
export const hourName = (at) => at.toLocaleTimeString('en-US', { hour: 'numeric', minute: '2-digit' });
export const wholeName = (at) =>
  at.toLocaleString('en-US', { weekday: 'long', day: 'numeric', month: 'long', hour: 'numeric', minute: '2-digit' });

/** Draws the hours of one day for a service of so many minutes. */
export function drawHours(place, day, { service_id, minutes }) {
  const last = CLOSES - minutes / 60;
  const hours = Array.from({ length: last - OPENS + 1 }, (_, at) => new Date(day.getTime() + (OPENS + at) * HOUR_MS));
  place.replaceChildren(
    ...hours.map((at) => {
      const value = at.toISOString();
      const gone = taken.has(`${service_id} ${value}`);
      return choice({ name: 'hour', value, title: hourName(at), detail: gone ? 'taken' : '', disabled: gone });
    }),
  );
}

/** The shop has said that somebody else has this hour. */
export function markTaken(service_id, start) {
  taken.add(`${service_id} ${start}`);
}
