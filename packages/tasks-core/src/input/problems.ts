import type { ErrorObject } from 'ajv';
import { didYouMean } from './nearest.ts';

/** Longest text of a field with few values that is shown. */
const LONGEST_SHOWN = 40;

const TYPES: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
};

/** What is wrong with an input, a line per place, in words: place, found, expected. Texts that may be anything are not shown: they may be secret. */
export function inputProblems(errors: readonly ErrorObject[], payload: unknown): string[] {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload))
    return [`the input must be an object, found ${kindOf(payload)}`];
  // Of alternatives that all fail, what counts is what each of them says at the place itself.
  const combined = errors.filter(isAlternatives);
  const within = (error: ErrorObject) => combined.some((each) => each !== error && error.schemaPath.startsWith(`${each.schemaPath}/`));
  return [...new Set(errors.filter((error) => !within(error)).map((error) => problem(error, errors)))];
}

function isAlternatives({ keyword }: ErrorObject): boolean {
  return keyword === 'anyOf' || keyword === 'oneOf';
}

function problem(error: ErrorObject, all: readonly ErrorObject[]): string {
  const place = placeOf(error.instancePath);
  const at = place === '' ? 'the input' : place;
  const params = error.params as Record<string, unknown>;
  const inside = (name: unknown) => (place === '' ? String(name) : `${place}.${String(name)}`);
  switch (error.keyword) {
    case 'required':
      return `${inside(params.missingProperty)} is missing`;
    case 'additionalProperties': {
      const known = Object.keys((error.parentSchema as { properties?: object }).properties ?? {});
      const name = String(params.additionalProperty);
      return `${inside(name)} is no field of ${at}${didYouMean(name, known) || `; its fields are ${known.join(', ')}`}`;
    }
    case 'type':
      return `${at} must be ${typeNames(params.type)}, found ${kindOf(error.data)}`;
    case 'enum':
      return `${at} must be ${oneOf(params.allowedValues as unknown[])}, found ${shown(error.data)}`;
    case 'const':
      return `${at} must be ${JSON.stringify(params.allowedValue)}, found ${shown(error.data)}`;
    case 'anyOf':
    case 'oneOf':
      return `${at} ${alternatives(error, all)}`;
    case 'format':
      return `${at} is no ${String(params.format)}`;
    default: {
      const found = typeof error.data === 'number' ? `, found ${error.data}` : '';
      return `${at} ${error.message ?? 'is invalid'}${found}`;
    }
  }
}

/** What each of the alternatives wants at their place: their types and values, as far as they say such. */
function alternatives(error: ErrorObject, all: readonly ErrorObject[]): string {
  const inner = all.filter((each) => each !== error && each.schemaPath.startsWith(`${error.schemaPath}/`));
  const here = inner.filter(({ instancePath }) => instancePath === error.instancePath);
  const wanted = [...new Set(here.flatMap(wantedBy))];
  const deeper = inner.filter(({ instancePath }) => instancePath !== error.instancePath);
  const fits = [...new Set(deeper.map((each) => problem(together(each, deeper), inner)))];
  if (fits.length > 0) return `fits none of its forms: ${fits.slice(0, 3).join('; ')}`;
  if (wanted.length === 0) return 'fits none of its forms, or several of them';
  const found = here.every(({ keyword }) => keyword === 'const' || keyword === 'enum') ? shown(error.data) : kindOf(error.data);
  return `must be ${wanted.join(' or ')}, found ${found}`;
}

/** Where forms differ by a constant of one field, all of the constants: any of them is fine there. */
function together(error: ErrorObject, all: readonly ErrorObject[]): ErrorObject {
  const same = all.filter(({ keyword, instancePath }) => keyword === 'const' && instancePath === error.instancePath);
  if (error.keyword !== 'const' || same.length === 1) return error;
  return {
    ...error,
    keyword: 'enum',
    params: { allowedValues: same.map(({ params }) => (params as { allowedValue: unknown }).allowedValue) },
  };
}

function wantedBy({ keyword, params, message }: ErrorObject): string[] {
  const { type, allowedValue, allowedValues } = params as { type?: unknown; allowedValue?: unknown; allowedValues?: unknown[] };
  if (keyword === 'const') return [JSON.stringify(allowedValue)];
  if (keyword === 'enum') return (allowedValues ?? []).map((each) => JSON.stringify(each));
  if (keyword === 'type') return [typeNames(type)];
  return keyword === 'anyOf' || keyword === 'oneOf' ? [] : [(message ?? '').replace(/^must (?:be )?/, '')];
}

function oneOf(values: readonly unknown[]): string {
  return `one of ${values.map((value) => JSON.stringify(value)).join(', ')}`;
}

function typeNames(type: unknown): string {
  return [type]
    .flat()
    .map((each) => TYPES[String(each)] ?? String(each))
    .join(' or ');
}

/** A value of a field that takes few: what is longer, or no scalar, is told by its kind. */
function shown(value: unknown): string {
  if (typeof value === 'string') return value.length > LONGEST_SHOWN ? `a text of ${value.length} characters` : JSON.stringify(value);
  return kindOf(value);
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return 'a text';
  return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** `/expect/status/0` as `expect.status[0]`. */
function placeOf(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((text, step) => (/^\d+$/.test(step) ? `${text}[${step}]` : text === '' ? step : `${text}.${step}`), '');
}
