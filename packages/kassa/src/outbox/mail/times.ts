/**
 * A moment in a zone, with the zone's name: "Friday, January 15, 2027 at 7:30 PM PST". A time without its zone sends
 * people to the door an hour late.
 */
export function formatMoment(at: Date, time_zone: string, locale: string): string {
  return new Intl.DateTimeFormat(locale, {
    weekday: 'long',
    year: 'numeric',
    month: 'long',
    day: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
    timeZone: time_zone,
    timeZoneName: 'short',
  }).format(at);
}
