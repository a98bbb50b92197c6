import { validateObject } from '../schema/index.ts';

/** Checks an event against the generated schemas. @throws Error naming every place where it departs from its type */
export function insistOnEvent(json: string): void {
  const problems = validateObject('event', JSON.parse(json));
  if (problems.length > 0) throw new Error(`an event is outside its type: ${problems.join('; ')}\n${json}`);
}

/** The same for the body of an error. */
export function insistOnError(body: string): void {
  const problems = validateObject('error', JSON.parse(body));
  if (problems.length > 0) throw new Error(`an error is outside its type: ${problems.join('; ')}\n${body}`);
}
