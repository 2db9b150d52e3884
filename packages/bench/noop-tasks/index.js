/** A task that does nothing, so that what is measured is everything around it. */
const noop = {
  name: 'tasks/noop',
  version: '0.1.0',
  title: 'Nothing',
  description: 'Does nothing',
  examples: [],
  effect: 'write',
  input: {
    type: 'object',
    properties: { n: { type: 'integer', description: 'Any number' } },
    required: ['n'],
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: { n: { type: 'integer', description: 'The number given' } },
    required: ['n'],
    additionalProperties: false,
  },
  execute: async (_ctx, { payload }) => ({ payload: { n: payload.n } }),
};

/** The same without an effect: computed again when a run is replayed, and not remembered. */
const pure = { ...noop, name: 'tasks/pure', effect: 'none', pure: () => true };

export const tasks = [noop, pure];
