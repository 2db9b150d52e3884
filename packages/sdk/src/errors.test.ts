import { describe, expect, it } from 'vitest';
import { artifactRefSchema, isArtifactRef } from './artifact.ts';
import { InvalidInputError, isTaskError, PolicyDeniedError, TaskError, TimeoutError, TransientError } from './errors.ts';

describe('errors', () => {
  const cause = new Error('ECONNRESET');

  it.each([
    [new InvalidInputError('x', { cause }), 'InvalidInputError', 'INVALID_INPUT', false],
    [new PolicyDeniedError('x', { cause }), 'PolicyDeniedError', 'POLICY_DENIED', false],
    [new TransientError('x', { cause }), 'TransientError', 'TRANSIENT', true],
    [new TimeoutError('x', { cause }), 'TimeoutError', 'TIMEOUT', true],
    [TaskError.terminal('A_CODE', 'x', { cause }), 'TaskError', 'A_CODE', false],
    [TaskError.transient('A_CODE', 'x', { cause }), 'TaskError', 'A_CODE', true],
  ])('%s says whether it may be repeated, and keeps its cause', (error, name, code, retryable) => {
    expect(error).toBeInstanceOf(TaskError);
    expect(error).toMatchObject({ name, code, retryable, message: 'x', cause });
    expect(isTaskError(error)).toBe(true);
    expect('details' in error && error.details !== undefined).toBe(false);
  });

  it('takes codes, details and waits of their own', () => {
    expect(new TransientError('x', { code: 'SLACK_RATE_LIMITED', retryAfterMs: 3_000, details: { channel: 'c' } })).toMatchObject({
      code: 'SLACK_RATE_LIMITED',
      retryAfterMs: 3_000,
      details: { channel: 'c' },
    });
  });

  it('are recognised from another copy of the package, and imitations are not', () => {
    const other = Object.assign(new Error('x'), { code: 'A_CODE', retryable: true });
    expect(isTaskError(other)).toBe(false);
    Object.defineProperty(other, Symbol.for('@summit/maestro-sdk/TaskError'), { value: true });
    expect(isTaskError(other)).toBe(true);
    for (const value of [undefined, null, 'A_CODE', 7, {}, { code: 'A_CODE', retryable: true }]) expect(isTaskError(value)).toBe(false);
  });
});

describe('isArtifactRef', () => {
  const sha256 = 'a'.repeat(64);
  it('tells references from other values', () => {
    expect(isArtifactRef({ uri: `artifact:sha256:${sha256}`, sha256, size: 1, contentType: 'text/plain', name: 'x' })).toBe(true);
    for (const value of [
      undefined,
      null,
      'artifact:sha256:x',
      {},
      { uri: `artifact:sha256:${sha256}` },
      { uri: 'artifact:sha256:b', sha256 },
    ]) {
      expect(isArtifactRef(value)).toBe(false);
    }
    expect(artifactRefSchema.required).toEqual(Object.keys(artifactRefSchema.properties));
  });
});
