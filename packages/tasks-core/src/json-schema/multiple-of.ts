import type { FuncKeywordDefinition } from 'ajv';

/** Ajv's own `multipleOf` divides as floating point does, by which 19.99 is no multiple of 0.01. This one calculates with the decimals. */
export const multipleOf: FuncKeywordDefinition = {
  keyword: 'multipleOf',
  type: 'number',
  schemaType: 'number',
  metaSchema: { type: 'number', exclusiveMinimum: 0 },
  compile: (divisor: number) => {
    const check: ReturnType<NonNullable<FuncKeywordDefinition['compile']>> = (value: number) => {
      if (isMultiple(value, divisor)) return true;
      check.errors = [{ keyword: 'multipleOf', message: `must be multiple of ${divisor}`, params: { multipleOf: divisor } }];
      return false;
    };
    return check;
  },
};

/** Whether the decimal `value` is a multiple of the decimal `divisor`, which is greater than 0; both as JSON writes them. */
export function isMultiple(value: number, divisor: number): boolean {
  if (!Number.isFinite(value)) return false;
  if (Number.isSafeInteger(value) && Number.isSafeInteger(divisor)) return value % divisor === 0;
  const [a, b] = [decimal(value), decimal(divisor)];
  const exponent = Math.min(a.exponent, b.exponent);
  return scaled(a, exponent) % scaled(b, exponent) === 0n;
}

interface Decimal {
  digits: bigint;
  /** Of 10: the number is digits * 10^exponent. */
  exponent: number;
}

/** The shortest decimal that is read as this number, which is what JSON has. */
function decimal(value: number): Decimal {
  const [mantissa = '', power = '0'] = String(value).split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  return { digits: BigInt(whole + fraction), exponent: Number(power) - fraction.length };
}

function scaled({ digits, exponent }: Decimal, to: number): bigint {
  // A number has at most 308 places before its point and some 340 after it.
  return digits * 10n ** BigInt(exponent - to);
}
