import type { Benchmark } from '../driver/bench.ts';
import { b01 } from './b01-ingest.ts';
import { b02 } from './b02-settle.ts';
import { b05, b06 } from './b05-create.ts';
import { b07, b08 } from './b07-reads.ts';
import { b11, b12, b17 } from './b11-limits.ts';
import { b14, b16 } from './b14-whole.ts';
import { b15 } from './b15-growth.ts';
import { b18 } from './b18-kills.ts';
import { b04 } from './beside/b04-peer.ts';
import { b09 } from './beside/b09-whole-order.ts';
import { overload } from './overload.ts';

/** In the order in which they are run. B3 stands in B2 and B13 in B12: they are read from the same slices. */
export const BENCHMARKS: readonly Benchmark[] = [
  b01,
  b02,
  b04,
  b05,
  b06,
  b07,
  b08,
  b09,
  b11,
  b12,
  b14,
  b15,
  b16,
  b17,
  b18,
  overload,
];
