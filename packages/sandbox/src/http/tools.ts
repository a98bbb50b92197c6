import { ApiFailure } from '../kernel/failure.ts';
import { coerceRequest, expandProblem, hasOperation } from '../schema/index.ts';
import type { Call } from './call.ts';
import { expandPaths } from './expand.ts';
import { insistOnError, insistOnReply } from './insist.ts';
import type { Tools } from './pipeline.ts';
import type { Router } from './router.ts';

/** Parameters are read, and replies written, by the schemas that are generated from stripe-node's own types. */
export function schemaTools(router: Router, strict: boolean): Tools {
  return {
    router,
    checkRequest: (call) => checkRequest(call),
    render: (tx, call, value) => {
      const expanded = expandPaths(tx, value, expandOf(call));
      if (strict && hasOperation(operationOf(call))) insistOnReply(operationOf(call), expanded);
      return expanded;
    },
    checkError: (body) => {
      if (strict) insistOnError(body);
    },
  };
}

function operationOf(call: Call): string {
  return `${call.method} ${call.template}`;
}

function checkRequest(call: Call): Record<string, unknown> {
  const operation = operationOf(call);
  if (!hasOperation(operation)) return call.params;
  const read = coerceRequest(operation, call.params, { lenient: call.lenient, client: call.publishable });
  if ('problem' in read) throw problemFailure(read.problem);
  call.leniency = read.lenient.join(',');
  const problem = expandProblem(operation, expandOf(call));
  if (problem) throw problemFailure(problem);
  const { expand: _, ...params } = read.params;
  return params;
}

function problemFailure(problem: { message: string; param: string; code?: string }): ApiFailure {
  const { message, param, code } = problem;
  const body = { type: 'invalid_request_error', message, param, ...(code ? { code } : {}) } as const;
  return new ApiFailure(400, body, { stored: false });
}

function expandOf(call: Call): string[] {
  const { expand } = call.params;
  if (typeof expand === 'string') return [expand];
  return Array.isArray(expand) ? expand.filter((path) => typeof path === 'string') : [];
}
