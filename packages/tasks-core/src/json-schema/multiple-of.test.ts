import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isMultiple } from './multiple-of.ts';
import { validatorFor } from './validators.ts';

describe('multipleOf', () => {
  it.each([
    [19.99, 0.01, true],
    [0.3, 0.1, true],
    [1.1, 0.1, true],
    [4.35, 0.01, true],
    [19.995, 0.01, false],
    [-2.5, 0.5, true],
    [0, 0.01, true],
    [7, 2, false],
    [1e300, 3, false],
    [1e21, 10, true],
    [5e-324, 5e-324, true],
    [1e-7, 1e-8, true],
    [1.7976931348623157e308, 5e-324, true],
  ])('%d of %d: %s', (value, divisor, expected) => {
    expect(isMultiple(value, divisor)).toBe(expected);
  });

  it('holds for every number of cents, and for none between them', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e12, max: 1e12 }), (cents) => {
        expect(isMultiple(cents / 100, 0.01)).toBe(true);
        expect(isMultiple(Number(`${cents}.5`) / 100, 0.01)).toBe(false);
      }),
    );
  });

  it('is told as Ajv tells it', () => {
    const validate = validatorFor({ type: 'object', properties: { price: { multipleOf: 0.01 } } });
    expect(validate({ price: 19.99 })).toBe(true);
    expect(validate({ price: 19.999 })).toBe(false);
    expect(validate.errors).toMatchObject([
      { instancePath: '/price', keyword: 'multipleOf', schemaPath: '#/properties/price/multipleOf', message: 'must be multiple of 0.01' },
    ]);
  });

  it('must be greater than 0', () => {
    expect(() => validatorFor({ multipleOf: 0 })).toThrow(/multipleOf/);
  });
});
