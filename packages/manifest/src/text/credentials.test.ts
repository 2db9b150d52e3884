import { describe, expect, it } from 'vitest';
import { credentialIn, credentialUnder } from './credentials.ts';

describe('credentialIn', () => {
  it.each([
    ['-----BEGIN RSA PRIVATE KEY-----\nMIIE', 'a private key'],
    ['-----BEGIN PRIVATE KEY-----', 'a private key'],
    ['AKIAIOSFODNN7EXAMPLE', 'an AWS access key'],
    [`ghp_${'a1'.repeat(18)}`, 'a GitHub token'],
    ['glpat-abcdefghij0123456789', 'a GitLab token'],
    ['xoxb-123456789012-abcdef', 'a Slack token'],
    ['https://hooks.slack.com/services/T0000AAAA/B0000BBBB/Zm9vYmFyYmF6cXV4Zm9v', 'a Slack webhook URL'],
    [`AIza${'x'.repeat(35)}`, 'a Google API key'],
    ['sk_live_0123456789abcdef', 'a Stripe key'],
    [`npm_${'a'.repeat(36)}`, 'an npm token'],
    ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N', 'a JSON Web Token'],
    ['postgres://app:hunter22@db.example.org/app', 'a URL with a password'],
  ])('%s is %s', (text, what) => expect(credentialIn(text)).toBe(what));

  it.each([
    'https://example.org/a:b@c',
    'https://user@example.org',
    'postgres://app:${secrets.PASSWORD}@db.example.org',
    'mail me at a:b@example.org',
    'AKIA is a prefix',
    'eyJ stands for {"',
    'arn:aws:iam::123456789012:role/x',
    'sha256:0123456789abcdef0123456789abcdef',
  ])('%s is none', (text) => expect(credentialIn(text)).toBeUndefined());

  it('takes time linear in the text, whatever it is', () => {
    const fragments = ['eyJ-', 'a://b:', '-----BEGIN A ', 'xoxb-', 'https://hooks.slack.com/services/T', 'A', 'a://', 'eyJeyJeyJeyJ.'];
    for (const fragment of fragments) {
      const text = fragment.repeat(Math.ceil(1_000_000 / fragment.length));
      const before = process.cpuUsage();
      credentialIn(text);
      const { user, system } = process.cpuUsage(before);
      expect((user + system) / 1e6, fragment).toBeLessThan(2);
    }
  });
});

describe('credentialUnder', () => {
  it.each([
    ['password', 'hunter22', 'a password'],
    ['apiKey', 'k-1234-abcd', 'a api key'],
    ['client-secret', 'Zm9vYmFy', 'a client secret'],
    ['secretAccessKey', 'wJalrXUtnFEMI/K7MDENG', 'a secret access key'],
  ])('%s: %s is %s', (field, text, what) => expect(credentialUnder(field, text)).toBe(what.replace('a api', 'an api')));

  it.each([
    ['password', '${secrets.PASSWORD}'],
    ['token', 'SLACK_BOT_TOKEN'],
    ['tokenSecret', 'my-secret-name'],
    ['password', 'changeme'],
    ['password', '<password>'],
    ['token', 'a sentence about tokens'],
    ['description', 'hunter22'],
    ['threadTs', '1234567890.123'],
  ])('%s: %s is none', (field, text) => expect(credentialUnder(field, text)).toBeUndefined());
});
