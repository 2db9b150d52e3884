import { readFileSync } from 'node:fs';
import type { CatalogFile } from '@summit/maestro-manifest';
import type { TaskContract } from '@summit/maestro-sdk';

/** The tasks that the corpus uses. */
export function corpusContracts(): TaskContract[] {
  return JSON.parse(readFileSync(new URL('../../manifest/testdata/contracts.json', import.meta.url), 'utf8')) as TaskContract[];
}

/** What one file of {@link corpusFile} holds. */
export const PER_FILE = { tasks: 5, expressions: 15 };

/** A catalog without findings: each file a runbook and its workflow. */
export function corpus(files: number): CatalogFile[] {
  return Array.from({ length: files }, (_, at) => ({ path: `runbooks/team-${at % 20}/ingest-${at}.yaml`, text: corpusFile(at) }));
}

/** As teams write them: comments, parameters with descriptions, outputs read across tasks, a condition, a list, text with expressions. */
function corpusFile(at: number): string {
  return `# Ingests what lands in bucket ${at} and tells the team about it.
apiVersion: maestro/v1
kind: Runbook
metadata:
  name: ingest-${at}
  version: 1.${at % 7}.0
  owner: team-${at % 20}@summit
  description: Fetches the rows of day ${at}, checks them and hands them to the index.
  labels: { team: "${at % 20}", tier: gold }
  allowList: { roles: [sre, data] }
spec:
  type: data
  inputs:
    - name: bucket
      type: string
      required: true
      pattern: ^[a-z0-9.-]+$
      description: Bucket that holds the rows
    - { name: batch, type: integer, default: 100, description: Rows per request }
    - { name: archive, type: boolean, default: true }
  workflowRef: ingest-${at}@1.${at % 7}.0
  with:
    source: \${inputs.bucket}
---
apiVersion: maestro/v1
kind: Workflow
metadata:
  name: ingest-${at}
  version: 1.${at % 7}.0
  description: Fetch, validate, ingest, archive, notify.
spec:
  parameters:
    - { name: source, type: string, required: true, description: Bucket that holds the rows }
    - { name: batch, type: integer, default: 100 }
    - { name: archive, type: boolean, default: true }
  policy: { purpose: analytics, authority: team-${at % 20}@summit, license: internal }
  timeout: 2h
  tasks:
    - id: fetch
      uses: connectors/s3.get@0.1.0
      with:
        bucket: \${params.source}
        key: "day-${at}/\${params.source}.json"
        as: text
      retry: { maxAttempts: 3, initialInterval: 500ms, factor: 2 }
      timeout: 30s
    - id: validate
      uses: tasks/schema.validate@0.1.0
      needs: [fetch]
      with:
        schema: { type: object, properties: { day: { type: integer }, size: { type: integer } }, required: [day] }
        data: { day: ${at}, size: "\${tasks.fetch.output.size}" }
    - id: ingest
      uses: connectors/sig.ingest@0.1.0
      needs: [fetch, validate]
      with:
        endpoint: \${secrets.SIG_INGEST_URL}
        items:
          - id: row-${at}
            payload: { etag: "\${tasks.fetch.output.etag}", kilobytes: "\${tasks.fetch.output.size / 1024}" }
        batchSize: \${params.batch}
    - id: archive
      uses: ops/disclosure.package@0.1.0
      needs: [ingest]
      when: \${params.archive && tasks.ingest.output.receipts.size() > ${at % 9}}
      forEach: \${tasks.ingest.output.receipts}
      with:
        # One bundle for each receipt.
        files: ["\${item.hash}.json"]
        outPath: "bundles/${at}/\${index}.zip"
    - id: notify
      uses: tasks/notify.slack@0.1.0
      needs: [ingest]
      with:
        channel: "#team-${at % 20}"
        text: |
          Ingested \${string(tasks.ingest.output.receipts.map(receipt, receipt.id).size())} rows
          of \${params.source}, day ${at}.
  outputs:
    job: \${tasks.ingest.output.jobId}
`;
}

/** One file with a workflow of so many tasks, each of which reads what the one before it returned. */
export function corpusChain(tasks: number): CatalogFile[] {
  const lines = Array.from(
    { length: tasks },
    (_, at) => `    - id: wait${at}
      uses: tasks/wait.sleep@0.1.0
      ${at === 0 ? '# The first.' : `needs: [wait${at - 1}]`}
      with: { ms: "\${${at === 0 ? 'params.ms' : `tasks.wait${at - 1}.output.slept + ${at}`}}" }
`,
  );
  const text = `apiVersion: maestro/v1
kind: Workflow
metadata: { name: chain, version: 1.0.0 }
spec:
  parameters:
    - { name: ms, type: integer, required: true }
  tasks:
${lines.join('')}`;
  return [{ path: 'runbooks/chain.yaml', text }];
}
