import { validateObject, validateReply } from '../schema/index.ts';
import { noteViolation } from '../system.ts';

/** Checks a reply against the generated schemas. @throws Error naming every place where it departs from its type */
export function insistOnReply(operation: string, value: unknown): void {
  refuse(`${operation} answered outside its type`, validateReply(operation, 200, value));
}

/** The same for an event. */
export function insistOnEvent(json: string): void {
  refuse(`an event is outside its type: ${json}`, validateObject('event', JSON.parse(json)));
}

/** The same for the body of an error. */
export function insistOnError(body: string): void {
  refuse(`an error is outside its type: ${body}`, validateObject('error', JSON.parse(body)));
}

/** A caller may swallow the failure that it gets, so a whole run of tests can have each one written down as well. */
function refuse(what: string, problems: string[]): void {
  if (problems.length === 0) return;
  const sentence = `${what}: ${problems.join('; ')}`;
  noteViolation(sentence);
  throw new Error(sentence);
}
