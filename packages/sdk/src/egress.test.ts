import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseEgressEntry } from './egress.ts';

describe('an entry of egress.allow', () => {
  it.each([
    ['api.internal', { host: 'api.internal' }],
    ['API.Internal.', { host: 'api.internal' }],
    ['bücher.example', { host: 'xn--bcher-kva.example' }],
    ['localhost:8080', { host: 'localhost', port: 8080 }],
    ['*.internal', { host: '*.internal' }],
    ['*.Corp.internal:443', { host: '*.corp.internal', port: 443 }],
    ['127.0.0.1', { network: '127.0.0.1', prefix: 32 }],
    ['10.0.0.0/8', { network: '10.0.0.0', prefix: 8 }],
    ['10.0.0.0/8:5432', { network: '10.0.0.0', prefix: 8, port: 5432 }],
    ['fd00::1', { network: 'fd00::1', prefix: 128 }],
    ['fd00::/8', { network: 'fd00::', prefix: 8 }],
    ['[fd00::1]', { network: 'fd00::1', prefix: 128 }],
    ['[fd00::/8]:9000', { network: 'fd00::', prefix: 8, port: 9000 }],
    ['::/0', { network: '::', prefix: 0 }],
  ])('%s', (text, expected) => {
    expect(parseEgressEntry(text)).toEqual(expected);
  });

  it.each([
    ['http://api.internal/v1', 'api.internal'],
    ['api.internal/v1', 'api.internal'],
    ['api.internal:0', 'api.internal'],
    ['api.internal:http', 'api.internal'],
    ['api.internal:70000', 'api.internal'],
    ['0x7f000001', '127.0.0.1'],
    ['127.1', '127.0.0.1'],
    ['0177.0.0.1', '127.0.0.1'],
    ['10.0.0.0/', '10.0.0.0'],
    ['10.0.0.0/-1', '10.0.0.0'],
    ['fd00::/129', 'fd00::'],
    ['*', '*.example.org'],
    ['*internal', '*.internal'],
    ['256.1.1.1', undefined],
    ['a b', undefined],
    ['', undefined],
    ['[::1', undefined],
  ])('that is wrong: %j', (text, suggestion) => {
    const found = parseEgressEntry(text);
    expect(found).toHaveProperty('problem');
    expect('problem' in found && found.suggestion).toBe(suggestion);
  });

  it('is understood or refused, whatever it is', () => {
    const pieces = fc.constantFrom('*', '.', ':', '/', '[', ']', '10', 'fd00', 'a', '-', '%', '@', ' ', '0x7f', '::', 'é');
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces).map((parts) => parts.join('')),
        ),
        (text) => {
          const found = parseEgressEntry(text);
          if ('problem' in found) {
            // What is suggested would be accepted.
            if (found.suggestion !== undefined && found.suggestion !== '')
              expect(() => parseEgressEntry(found.suggestion as string)).not.toThrow();
          } else if ('host' in found) expect(found.host).toMatch(/^(?:\*\.)?[^*/\s]+$/);
          else expect(found.prefix).toBeGreaterThanOrEqual(0);
        },
      ),
      { numRuns: 500 },
    );
  });
});
