import type { WorkerName } from '../../packages/kassa/src/app.ts';

/** What a measured shop is started with, handed over as text in its environment. */
export interface ShopWish {
  readonly database_url: string;
  /** Where the stub of Stripe listens. */
  readonly stripe_port: number;
  readonly folder: string;
  /** Who goes round in this process. */
  readonly workers: readonly WorkerName[];
  /** False settles one order at a time, each in a transaction of its own. */
  readonly batches: boolean;
  /** True keeps Stripe's limits of a test key; false asks as fast as the stub answers. */
  readonly within_stripe_limits: boolean;
}

export const WEBHOOK_SECRET = 'whsec_bench';
export const AUTH_SECRET = 'signs the buyers of the bench, and nobody else';
export const ORIGIN = 'https://shop.example';
