import type { Benchmark } from '../driver/bench.ts';
import { b01 } from './b01-ingest.ts';
import { b02 } from './b02-settle.ts';

/** In the order in which they are run. */
export const BENCHMARKS: readonly Benchmark[] = [b01, b02];
