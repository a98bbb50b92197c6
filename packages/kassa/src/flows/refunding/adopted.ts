import type { House } from '../house.ts';

export interface AdoptedBy {
  readonly actor: string;
  readonly end: 'review' | 'refund';
}

export interface Adopted {
  readonly order_id: string;
  /** False when an order had it already: then nothing was written. */
  readonly is_new: boolean;
}

/** Makes an order of money that no order knows; `refund` sends it back at once instead of asking a person. */
export type Adopt = (house: House, object_id: string, by: AdoptedBy) => Promise<Adopted>;
