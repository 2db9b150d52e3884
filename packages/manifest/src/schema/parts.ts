import type { JsonSchema } from '@summit/maestro-sdk';

/** `kebab-case`, as names, ids and roles are written. */
export const kebab = '^[a-z][a-z0-9]*(-[a-z0-9]+)*$';

/** A full version of https://semver.org, with numbers that are exact. */
export const semver =
  '^(0|[1-9][0-9]{0,14})\\.(0|[1-9][0-9]{0,14})\\.(0|[1-9][0-9]{0,14})(-(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)(\\.(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*)?(\\+[0-9a-zA-Z-]+(\\.[0-9a-zA-Z-]+)*)?$';

/** Names that JavaScript objects inherit. As ids they would be a trap for every reader of the plan. */
const inherited = '^(constructor|toString|valueOf|hasOwnProperty|isPrototypeOf|propertyIsEnumerable|toLocaleString)$';

export const nameSchema: JsonSchema = {
  type: 'string',
  description: 'kebab-case name, such as disclosure-packager',
  maxLength: 100,
  pattern: kebab,
  patternErrorMessage: 'must be kebab-case (lower-case letters, digits and single dashes, a letter first)',
};

export const versionSchema: JsonSchema = {
  type: 'string',
  description: 'Full semantic version, such as 1.0.0',
  maxLength: 100,
  pattern: semver,
  patternErrorMessage: 'must be a full semantic version such as 1.0.0',
};

export const durationSchema: JsonSchema = {
  type: 'string',
  description: 'Duration: 500ms, 30s, 5m, 2h or 7d',
  pattern: '^[0-9]{1,9}(ms|s|m|h|d)$',
  patternErrorMessage: 'must be a duration such as 500ms, 30s, 5m, 2h or 7d',
};

/** A duration that is not zero. */
export const spanSchema: JsonSchema = {
  ...durationSchema,
  pattern: '^0{0,8}[1-9][0-9]{0,8}(ms|s|m|h|d)$',
  patternErrorMessage: 'must be a duration above zero such as 500ms, 30s, 5m, 2h or 7d',
};

export const roleSchema: JsonSchema = {
  type: 'string',
  description: 'Role',
  maxLength: 100,
  pattern: '^[A-Za-z0-9][A-Za-z0-9._:-]*$',
  patternErrorMessage: 'must be a role name (letters, digits, dashes, dots and colons)',
};

/** A name that can stand behind `params.` or `inputs.` in an expression. */
export const parameterNameSchema: JsonSchema = {
  type: 'string',
  description: 'Name, as in ${params.name}',
  maxLength: 100,
  pattern: '^[A-Za-z][A-Za-z0-9_]*$',
  patternErrorMessage: 'must be a name of letters, digits and underscores, a letter first',
  not: { pattern: inherited, description: 'choose another name: JavaScript objects inherit this one' },
};

export const taskIdSchema: JsonSchema = {
  type: 'string',
  description: 'Id of the task in this workflow, as in ${tasks.id.output}',
  maxLength: 100,
  pattern: '^[a-z][a-z0-9-]*$',
  patternErrorMessage: 'must start with a lower-case letter and hold lower-case letters, digits and dashes',
  not: { pattern: inherited, description: 'choose another name: JavaScript objects inherit this one' },
};

export const descriptionSchema: JsonSchema = { type: 'string', description: 'What it is for, in words', maxLength: 10_000 };

export const labelsSchema: JsonSchema = {
  type: 'object',
  description: 'Labels for search and grouping',
  additionalProperties: { type: 'string', maxLength: 1_000 },
};

export const policySchema: JsonSchema = {
  type: 'object',
  description: 'The policy context of the run',
  properties: {
    purpose: { type: 'string', minLength: 1, maxLength: 1_000, description: 'What the data and effects are used for' },
    authority: { type: 'string', minLength: 1, maxLength: 1_000, description: 'On whose authority' },
    license: { type: 'string', minLength: 1, maxLength: 1_000, description: 'Under which licence or terms' },
  },
  required: ['purpose', 'authority', 'license'],
  additionalProperties: false,
};
