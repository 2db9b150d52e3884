import { readFileSync } from 'node:fs';
import { attribute, metric } from '@summit/maestro-worker/telemetry';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { TELEMETRY_PACKAGES } from './packages.ts';

const read = (name: string) => readFileSync(new URL(`../../../../docs/${name}`, import.meta.url), 'utf8');
const page = read('telemetry.md');

test('docs/telemetry.md names every metric and attribute, and none that is not there', () => {
  const known = [...Object.values(attribute), ...Object.values(metric), 'maestro.decision.name', 'maestro.decision.approved'];
  const told = [...page.matchAll(/`((?:maestro|error)\.[a-z_.]+)`/g)].map(([, name]) => name);
  expect([...new Set(told)].sort()).toEqual([...new Set(known)].sort());
  expect(page).toContain(`npm install ${TELEMETRY_PACKAGES.join(' ')}`);
});

test('the example with a collector fits together', () => {
  const collector = parse(read('telemetry/collector.yaml'));
  const compose = parse(read('telemetry/compose.yaml'));
  const prometheus = parse(read('telemetry/prometheus.yaml'));
  for (const pipeline of Object.values(collector.service.pipelines) as Record<string, string[]>[]) {
    for (const [kind, names] of Object.entries(pipeline)) for (const name of names) expect(collector[kind]).toHaveProperty([name]);
  }
  const receiving = collector.receivers.otlp.protocols.http.endpoint.split(':')[1];
  expect(compose.services.collector.ports).toEqual([`127.0.0.1:${receiving}:${receiving}`]);
  expect(page).toContain(`OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:${receiving}`);
  const reading = collector.exporters.prometheus.endpoint.split(':')[1];
  expect(prometheus.scrape_configs[0].static_configs[0].targets).toEqual([`collector:${reading}`]);
  expect(Object.keys(compose.services)).toContain(collector.exporters['otlp_grpc/jaeger'].endpoint.split(':')[0]);
});
