import type { Template } from '../plan.ts';

/** The names of the secrets that a template hands over, sorted. */
export function secretsIn(template: Template): string[] {
  const names = new Set<string>();
  const open: unknown[] = [template];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value !== 'object' || value === null) continue;
    if ('$secret' in value && typeof value.$secret === 'string') names.add(value.$secret);
    else open.push(...Object.values(value));
  }
  return [...names].sort();
}

/** A template as it is written in a manifest: strings with `${}`, anything else as JSON. */
export function templateText(template: Template): string {
  const source = written(template);
  return typeof source === 'string' ? source : JSON.stringify(source);
}

function written(template: Template): unknown {
  if (typeof template === 'string') return template.replaceAll('${', () => '$${');
  if (typeof template !== 'object' || template === null) return template;
  if (Array.isArray(template)) return template.map(written);
  if ('$cel' in template) return `\${${String(template.$cel)}}`;
  if ('$secret' in template) return `\${secrets.${String(template.$secret)}}`;
  if ('$text' in template) {
    return (template.$text as (string | { $cel: string })[])
      .map((part) => (typeof part === 'string' ? part.replaceAll('${', () => '$${') : `\${${part.$cel}}`))
      .join('');
  }
  const entries = '$map' in template ? (template.$map as [string, Template][]) : Object.entries(template);
  return Object.fromEntries(entries.map(([key, value]) => [key, written(value)]));
}
