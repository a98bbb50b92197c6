// Goal: a shop's local times and durations mean exactly one moment.
// Method: known moments around clock changes, and a round trip through Intl over many zones.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigError } from './config-error.ts';
import { durationMs, endOf, instantOf, isLocalTime, isTimeZone } from './times.ts';

test.each([
  ['90s', 90_000],
  ['30m', 1_800_000],
  ['24h', 86_400_000],
  ['14d', 1_209_600_000],
  ['2w', 1_209_600_000],
  ['12mo', 31_536_000_000],
  ['1y', 31_536_000_000],
  ['0m', 0],
  ['', undefined],
  ['30', undefined],
  ['-5m', undefined],
  ['1.5h', undefined],
  ['1e3s', undefined],
  ['05m', undefined],
  ['5 m', undefined],
  ['5min', undefined],
  ['9999999d', undefined],
])('%j lasts %s milliseconds', (text, ms) => {
  expect(durationMs(text)).toBe(ms);
});

test('only dates that exist are dates', () => {
  for (const good of ['2027-01-15', '2027-01-15T19:30', '2027-01-15T19:30:05', '2028-02-29'])
    expect(isLocalTime(good)).toBe(true);
  const bad = [
    '',
    '2027',
    '2027-02-29',
    '2027-13-01',
    '2027-01-15T24:00',
    '2027-01-15T19',
    '2027-01-15 19:30',
    '2027-01-15T19:30Z',
  ];
  for (const text of bad) expect([text, isLocalTime(text)]).toEqual([text, false]);
  expect(() => instantOf('2027-02-29', 'UTC')).toThrow(ConfigError);
});

test('zones are those of the IANA list, aliases too', () => {
  for (const zone of ['UTC', 'Europe/Berlin', 'Asia/Kolkata', 'Asia/Calcutta', 'America/Los_Angeles']) {
    expect([zone, isTimeZone(zone)]).toEqual([zone, true]);
  }
  for (const zone of ['', 'Berlin', 'Mars/Olympus']) expect([zone, isTimeZone(zone)]).toEqual([zone, false]);
});

describe('the moment of a local time', () => {
  test.each([
    ['2027-01-15T19:30', 'America/Los_Angeles', '2027-01-16T03:30:00.000Z'],
    ['2027-07-15T19:30', 'America/Los_Angeles', '2027-07-16T02:30:00.000Z'],
    ['2027-01-15T19:30', 'UTC', '2027-01-15T19:30:00.000Z'],
    ['2027-01-15T19:30', 'Asia/Kolkata', '2027-01-15T14:00:00.000Z'],
    ['2027-01-15', 'Pacific/Kiritimati', '2027-01-14T10:00:00.000Z'],
    // An hour before and after summer time begins, and the hour that happens twice when it ends: the first one.
    ['2027-03-28T01:59', 'Europe/Berlin', '2027-03-28T00:59:00.000Z'],
    ['2027-03-28T03:00', 'Europe/Berlin', '2027-03-28T01:00:00.000Z'],
    ['2027-10-31T02:30', 'Europe/Berlin', '2027-10-31T00:30:00.000Z'],
    ['2027-10-31T03:00', 'Europe/Berlin', '2027-10-31T02:00:00.000Z'],
  ])('%s in %s is %s', (local, zone, moment) => {
    expect(instantOf(local, zone).toISOString()).toBe(moment);
  });

  test('a time that clocks skip is refused', () => {
    expect(() => instantOf('2027-03-28T02:30', 'Europe/Berlin')).toThrow('clocks skip it');
  });

  test('clocks in the zone show the local time again', () => {
    const zones = ['UTC', 'Europe/London', 'America/New_York', 'Asia/Tokyo', 'Australia/Lord_Howe', 'America/St_Johns'];
    const days = fc.integer({ min: 0, max: 36_000 }).map((day) => new Date(Date.UTC(2026, 0, 1 + (day % 3600), 12)));
    fc.assert(
      fc.property(days, fc.constantFrom(...zones), (day, zone) => {
        const local = day.toISOString().slice(0, 16);
        const shown = instantOf(local, zone).toLocaleString('sv-SE', { timeZone: zone });
        expect(shown).toBe(`${local.replace('T', ' ')}:00`);
      }),
    );
  });

  test('until a day means to its end, until a time means that moment', () => {
    expect(endOf('2026-12-31', 'America/Los_Angeles').toISOString()).toBe('2027-01-01T08:00:00.000Z');
    expect(endOf('2026-12-31T12:00', 'UTC').toISOString()).toBe('2026-12-31T12:00:00.000Z');
  });
});
