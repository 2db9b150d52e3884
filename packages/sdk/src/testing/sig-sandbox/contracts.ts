import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { PolicyRequest } from '../../policy.ts';
import { Refusal } from './refusal.ts';

const text = { type: 'string', minLength: 1, maxLength: 1_024 } as const;
const entity = {
  type: 'object',
  properties: { type: text, id: text, properties: { type: 'object' } },
  required: ['type', 'id'],
  additionalProperties: false,
} as const;

const BODIES = {
  ingest: {
    type: 'object',
    properties: {
      items: {
        type: 'array',
        minItems: 1,
        items: { type: 'object', properties: { id: text, payload: {} }, required: ['id', 'payload'], additionalProperties: false },
      },
    },
    required: ['items'],
    additionalProperties: false,
  },
  exports: {
    type: 'object',
    properties: { requestId: text, parameters: { type: 'object' } },
    required: ['requestId'],
    additionalProperties: false,
  },
  policy: {
    type: 'object',
    properties: {
      subject: entity,
      action: {
        type: 'object',
        properties: { name: text, properties: { type: 'object' } },
        required: ['name'],
        additionalProperties: false,
      },
      resource: entity,
      context: { type: 'object' },
      purpose: text,
      authority: text,
      license: text,
    },
    required: ['subject', 'action', 'resource'],
    additionalProperties: false,
  },
} as const;

/** An item as it is sent. */
export interface SigItem {
  id: string;
  payload: unknown;
}

interface Bodies {
  ingest: { items: SigItem[] };
  exports: { requestId: string; parameters?: Record<string, unknown> };
  policy: PolicyRequest;
}

const compiled = new Map<keyof Bodies, ValidateFunction>();

/** The body as what it has to be. Throws a 422 that names every field that is wrong. */
export function checkBody<K extends keyof Bodies>(kind: K, value: unknown): Bodies[K] {
  let validate = compiled.get(kind);
  if (validate === undefined) {
    validate = new Ajv2020({ allErrors: false }).compile(BODIES[kind]);
    compiled.set(kind, validate);
  }
  if (!validate(value)) {
    const [error] = validate.errors ?? [];
    const field = error?.params.additionalProperty as string | undefined;
    const what = field === undefined ? (error?.message ?? 'is invalid') : `has the unknown field ${JSON.stringify(field)}`;
    throw new Refusal(422, 'body_invalid', `body${error?.instancePath ?? ''} ${what}`);
  }
  if (kind === 'ingest') checkIds((value as Bodies['ingest']).items);
  return value as Bodies[K];
}

function checkIds(items: readonly SigItem[]): void {
  const seen = new Map<string, number>();
  for (const [index, { id }] of items.entries()) {
    const before = seen.get(id);
    if (before !== undefined) {
      throw new Refusal(422, 'item_id_repeated', `body/items/${index}/id ${JSON.stringify(id)} is also that of body/items/${before}`);
    }
    seen.set(id, index);
  }
}
