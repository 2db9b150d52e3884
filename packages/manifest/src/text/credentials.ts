/** Credentials that are known by their form. The patterns have no repetition within a repetition: they are linear in the text. */
const forms: readonly [name: string, hint: string, pattern: RegExp][] = [
  ['a private key', '-----BEGIN', /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/],
  ['an AWS access key', 'A', /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/],
  ['a GitHub token', 'g', /\bgh[pousr]_[0-9A-Za-z]{36}|\bgithub_pat_[0-9A-Za-z_]{60}/],
  ['a GitLab token', 'glpat-', /\bglpat-[0-9A-Za-z_-]{20}/],
  ['a Slack token', 'xox', /\bxox[abeprs]-[0-9A-Za-z-]{10}/],
  ['a Slack webhook URL', 'hooks.slack.com', /hooks\.slack\.com\/services\/T[0-9A-Za-z_]+\/B[0-9A-Za-z_]+\/[0-9A-Za-z]{16}/],
  ['a Google API key', 'AIza', /\bAIza[0-9A-Za-z_-]{35}/],
  ['a Stripe key', '_live_', /\b[rs]k_live_[0-9A-Za-z]{16}/],
  ['an npm token', 'npm_', /\bnpm_[0-9A-Za-z]{36}/],
  ['a JSON Web Token', 'eyJ', /\beyJ[0-9A-Za-z_-]{10,400}\.eyJ[0-9A-Za-z_-]{10,400}/],
];

/** A URL with a user and a password, which is no expression. */
const urlPassword = /\b[a-z][a-z0-9+.-]{0,30}:\/\/[^\s/:@?#${}]{1,200}:[^\s/@?#${}]{3,200}@/i;

/** What credential a text holds, by its form; `undefined` where it holds none. */
export function credentialIn(text: string): string | undefined {
  const found = forms.find(([, hint, pattern]) => text.includes(hint) && pattern.test(text));
  if (found) return found[0];
  return text.includes('://') && urlPassword.test(text) ? 'a URL with a password' : undefined;
}

/** Fields whose value is a credential by their name. Names of secrets (`tokenSecret: SLACK_TOKEN`) are called otherwise. */
const names =
  /^(?:password|passwd|pwd|passphrase|token|api_?key|auth_?token|access_?token|refresh_?token|bearer_?token|client_?secret|secret_?key|secret_?access_?key|private_?key)$/;

/** What credential a text is, by the name of its field; names of secrets and placeholders are none. */
export function credentialUnder(field: string, text: string): string | undefined {
  const name = field
    .replaceAll('-', '_')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase();
  if (!names.test(name) || text.includes('${') || text.length < 6 || /\s/.test(text)) return undefined;
  if (/^[A-Z][A-Z0-9_]*$/.test(text) || /^[<[(*]|^(?:x+|\*+|changeme|example|dummy|none|null|todo)$/i.test(text)) return undefined;
  return `${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name.replaceAll('_', ' ')}`;
}
