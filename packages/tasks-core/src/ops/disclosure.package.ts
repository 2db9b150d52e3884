import { type ArtifactRef, artifactRefSchema, createRunContext, defineTask, InvalidInputError, type RunContext } from '@summit/maestro-sdk';
import { type Static, Type } from '@summit/maestro-sdk/schema';
import { inputCheck } from '../input/check-input.ts';

const NAME = 'ops/disclosure.package';
const VERSION = '0.1.0';

/** Compression unless the input says otherwise: 9 takes twice the time for 0.3 % less. */
const LEVEL = 6;
/** A list of files above this many bytes of JSON becomes an artifact: outputs are kept in the journal of the run. */
const INLINE_LIMIT = 192 * 1024;

const Artifact = Type.Unsafe<ArtifactRef>({ ...artifactRefSchema });
const Path = Type.String({ minLength: 1, description: 'Path of a file, relative to the workspace or absolute inside it' });
const Described = Type.Object(
  { path: Path, description: Type.Optional(Type.String({ description: 'What the file is; goes into the manifest' })) },
  { additionalProperties: false },
);
const Receipt = Type.Object(
  {
    runId: Type.String({ minLength: 1, description: 'The run it is about; names the entry' }),
    inputsHash: Type.String({ description: 'sha256 of the inputs' }),
    codeDigest: Type.String({ description: 'sha256 of the plan' }),
    outputsHash: Type.String({ description: 'sha256 of the outputs' }),
    signer: Type.Optional(Type.String({ description: 'Key id of who vouches for it' })),
  },
  { description: 'A ProvenanceReceipt' },
);

const Input = Type.Object(
  {
    files: Type.Array(Type.Union([Path, Described, Artifact]), { minItems: 1, maxItems: 100_000, description: 'What to package' }),
    outPath: Type.String({ minLength: 1, description: 'Where to write the zip; the folder must exist, a file of this name is replaced' }),
    level: Type.Optional(Type.Integer({ minimum: 0, maximum: 9, default: LEVEL, description: 'Compression: 0 none, 9 most' })),
    reproducible: Type.Optional(
      Type.Boolean({ default: false, description: 'The same bytes for the same files: fixed order and times, no facts about the run' }),
    ),
    receipts: Type.Optional(
      Type.Array(Type.Union([Path, Described, Artifact, Receipt]), {
        maxItems: 10_000,
        description: 'Receipts of earlier runs, packaged under receipts/',
      }),
    ),
  },
  { additionalProperties: false },
);

const checkInput = inputCheck(Input);

const ManifestEntry = Type.Object({
  path: Type.String({ description: 'The path as given; for an artifact its URI' }),
  sha256: Type.String({ description: 'sha256 of the content, hex' }),
  size: Type.Integer({ minimum: 0, description: 'Bytes' }),
  entry: Type.String({ description: 'Name within the bundle' }),
  description: Type.Optional(Type.String({ description: 'The description as given' })),
  kind: Type.Optional(Type.Literal('receipt', { description: 'Present on receipts of earlier runs' })),
});

const Output = Type.Object({
  bundle: Type.String({ description: 'outPath as given' }),
  manifest: Type.Union([Type.Array(ManifestEntry), Artifact], { description: 'The packaged files; as an artifact where the list is long' }),
  sha256: Type.Optional(Type.String({ description: 'sha256 of the bundle, hex; absent in a dry run' })),
  size: Type.Optional(Type.Integer({ minimum: 0, description: 'Size of the bundle in bytes; absent in a dry run' })),
  signed: Type.Boolean({ description: 'Whether the manifest is signed' }),
});

/**
 * Packs files into a zip with a manifest of their hashes, signed when the worker has a key.
 *
 * Effect: writes `outPath`, as a whole or not at all. Safe to retry, also after a crash: nothing is visible before the bundle is complete
 * and on the disk, a second run replaces it with an equal one, and removes what a killed one left. Of two runs to one `outPath` at
 * the same time the one that ends later stays; neither damages the other. Memory does not depend on the size of the files,
 * each of which is read once. `reproducible` holds for one version of Node, whose zlib decides the bytes (with `level: 0` for all).
 *
 * Errors: `FILE_NOT_FOUND`, `PATH_OUTSIDE_WORKSPACE`, `DISCLOSURE_NOT_A_FILE`, `DISCLOSURE_FILE_UNREADABLE`, or `DISCLOSURE_FILES_UNUSABLE`
 * for several kinds at once, each naming all files concerned (`details`: `{ path, code, message }[]`);
 * `DISCLOSURE_FILE_CHANGED` (may pass); `FOLDER_NOT_FOUND`, `DISCLOSURE_OUTPUT_INVALID`, `DISCLOSURE_OUTPUT_IS_INPUT`,
 * `DISCLOSURE_OUTPUT_NOT_WRITABLE`, `DISCLOSURE_DISK_FULL`, `DISCLOSURE_WRITE_FAILED` (may pass); and what the artifact store throws.
 */
export const disclosurePackage = defineTask({
  name: NAME,
  version: VERSION,
  title: 'Package files for disclosure',
  description: 'Packs files and artifacts into a zip together with a manifest of their hashes, which `maestro verify` checks offline.',
  examples: [
    {
      title: 'Two files, one with a description',
      input: { files: ['report.pdf', { path: 'data/table.csv', description: 'Table 3 of the report' }], outPath: 'bundle.zip' },
    },
    {
      title: 'A bundle that anybody can make again, byte by byte',
      input: { files: ['report.pdf'], outPath: 'bundle.zip', reproducible: true },
    },
    { title: 'A file that is not there', input: { files: ['no-such-file.txt'], outPath: 'bundle.zip' }, error: 'FILE_NOT_FOUND' },
  ],
  effect: 'write',
  retry: { maxAttempts: 3, initialInterval: 2_000 },
  timeout: 3_600_000,
  input: Input,
  output: Output,
  resources({ files, receipts = [], outPath }) {
    const labels = [...files, ...receipts].map((item) =>
      typeof item === 'string' ? item : 'uri' in item ? item.uri : 'path' in item ? item.path : undefined,
    );
    const read = labels
      .filter((label) => label !== undefined)
      .map((id) => ({ type: id.startsWith('artifact:') ? 'artifact' : 'file', id }));
    return [...read, { type: 'file', id: outPath }];
  },
  validate({ payload }) {
    check(payload);
  },
  async execute(given, { payload }) {
    check(payload);
    await checkInput(payload);
    const ctx = createRunContext(given);
    const { collect, previewBundle, resolveTarget, writeBundle } = await import('../bundle/index.ts');
    const { outPath, level = LEVEL, reproducible = false } = payload;
    const sources = await collect(ctx, payload);
    const target = await resolveTarget(ctx, outPath, sources);
    const signed = ctx.signer !== undefined;
    if (ctx.dryRun) return { payload: { bundle: outPath, manifest: await previewBundle(ctx, sources), signed } };
    const { files, sha256, size } = await writeBundle(ctx, target, outPath, sources, {
      level,
      reproducible,
      generator: `${NAME}@${VERSION}`,
    });
    ctx.logger.info(`packaged ${files.length} files into ${outPath}`, { files: files.length, size, sha256, signed });
    return { payload: { bundle: outPath, manifest: await inline(ctx, files), sha256, size, signed } };
  },
});

export default disclosurePackage;

/** What no schema is asked about when the task is called directly. */
function check(payload: Static<typeof Input>): void {
  if (!Array.isArray(payload?.files) || payload.files.length === 0)
    throw new InvalidInputError('files must be a list of at least one file to package');
  if (typeof payload.outPath !== 'string' || payload.outPath === '')
    throw new InvalidInputError('outPath must be the path of the zip to write');
}

async function inline<T>(ctx: RunContext, files: T[]): Promise<T[] | ArtifactRef> {
  const text = JSON.stringify(files);
  if (text.length <= INLINE_LIMIT) return files;
  return ctx.artifacts.put(text, { name: 'manifest.json', contentType: 'application/json', signal: ctx.signal });
}
