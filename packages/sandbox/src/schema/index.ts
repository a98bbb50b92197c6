export {
  type CoercedRequest,
  type CoerceOptions,
  coerceRequest,
  hasOperation,
  validateRequest,
} from './coerce-request.ts';
export { expandablePaths, expandProblem } from './expandable.ts';
export type { RequestProblem } from './refusal.ts';
export { validateObject, validateReply } from './validate-object.ts';
