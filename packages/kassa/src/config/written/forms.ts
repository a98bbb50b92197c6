import { z } from 'zod';
import { nearestHint } from '../config-error.ts';
import { durationMs, isLocalTime, isTimeZone } from '../times.ts';

/** Words of the documents that `kassa.config.ts` spells differently, for the hint. */
const SPELLED_HERE: Readonly<Record<string, string>> = {
  offer: 'product',
  offers: 'catalog',
  products: 'catalog',
  custom_amount_offer: 'customAmountProduct',
  customAmountOffer: 'customAmountProduct',
  amount: 'price',
};

/** An object whose unknown keys are errors that name the nearest key which exists. */
export function strict<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
  made_by = 'must be an object',
): z.ZodObject<Shape, z.core.$strict> {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code === 'invalid_type') return issue.input === undefined ? 'is missing' : made_by;
      if (issue.code !== 'unrecognized_keys') return undefined;
      const sentences = issue.keys.map((key) => {
        const other = SPELLED_HERE[key];
        const hint = other && known.includes(other) ? `; here it is called "${other}"` : nearestHint(key, known);
        return `"${key}" is not a setting${hint}`;
      });
      return sentences.join(', and ');
    },
  });
}

export const text = (max: number): z.ZodString =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .regex(/^\P{Cc}*$/u, 'must be one line without control characters');
export const count = (min: number, max: number): z.ZodInt => z.int().min(min).max(max);
export const duration = (min: string, max: string) =>
  z
    .string()
    .transform((written) => durationMs(written) ?? -1)
    .refine(
      (ms) => ms >= (durationMs(min) ?? 0) && ms <= (durationMs(max) ?? 0),
      `must be a duration from ${min} to ${max}`,
    );
export const localTime = z.string().refine(isLocalTime, 'must be a date such as 2027-01-15 or 2027-01-15T19:30');
export const timeZone = z.string().refine(isTimeZone, 'must be an IANA time zone such as Europe/Berlin');
export const externalId = z.union([z.int().min(0), text(100)], 'must be text or a whole number').transform(String);
export const productKey = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, 'must be letters, digits, _ and -, at most 64');

export const countryCode = z.string().regex(/^[A-Z]{2}$/, 'must be a country code such as US');
