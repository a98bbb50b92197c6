/** The simulation as a library: what `kassa simulate` and the tests are made of. Never loaded by the server. */
export { CONTROLS, type Control, ddlOf } from './controls/defects.ts';
export { FAULTS, type FaultName, faultsNamed } from './faults/kinds.ts';
export { CALM, drawMix, type Mix, mixText } from './faults/mix.ts';
export { EXIT_GOOD, EXIT_NOT_THE_SAME, EXIT_VIOLATION, EXIT_WRONG_USE, type SimulateOptions } from './options.ts';
export { compareWays } from './runs/compare-ways.ts';
export { readCorpus } from './runs/corpus.ts';
export { mixOf, oneRun, type RunPlan, type RunReport } from './runs/one-run.ts';
export { runSeries, type SeriesReport } from './runs/series.ts';
export { shrink } from './runs/told/shrink.ts';
export { simulate } from './simulate.ts';
export { type Ground, openGround } from './world/database/ground.ts';
