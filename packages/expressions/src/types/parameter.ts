import type { JsonObject } from '@summit/maestro-sdk';

export type ParameterType = 'string' | 'integer' | 'number' | 'boolean' | 'datetime' | 'date' | 'duration' | 'uri' | 'object' | 'array';

/** An input of a runbook or a parameter of a workflow. */
export interface Parameter {
  name: string;
  type: ParameterType;
  required: boolean;
  default?: unknown;
  enum?: unknown[];
  pattern?: string;
  schema?: JsonObject;
  description?: string;
}
