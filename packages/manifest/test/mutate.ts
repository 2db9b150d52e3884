import { isMap, isScalar, isSeq, parseAllDocuments, type Scalar, visit } from 'yaml';

/** One change of a text. The numbers choose place and material; each number means something for every text. */
export interface Mutation {
  kind: (typeof KINDS)[number];
  at: number;
  size: number;
  pick: number;
}

/** Bytes, lines, tokens, trees, and two files spliced into one. */
export const KINDS = [
  'insert-unit',
  'delete-units',
  'delete-line',
  'repeat-line',
  'move-line',
  'indent-line',
  'delete-token',
  'replace-token',
  'insert-fragment',
  'replace-value',
  'rename-key',
  'delete-node',
  'repeat-node',
  'swap-nodes',
  'flow',
  'splice',
  'append',
] as const;

/** What hostile and tired authors write. */
export const FRAGMENTS = [
  ...[
    '${',
    '}',
    '"',
    "'",
    '*a',
    '&a ',
    '<<: *a',
    '<<',
    '!!js/function ',
    '!x ',
    '|',
    '>-',
    '? ',
    '- ',
    '---\n',
    '...\n',
    '%YAML 1.1\n',
    ': ',
    ' #',
    '# x',
  ],
  ...['\t', '\r', '\u0000', '\ufeff', '\u2028', '\u202e', '\ud800', '😀', 'é', '\\', '{{', '}}', '[', ']', '{', ',', '@', '`'],
  ...[
    '__proto__',
    'constructor',
    'toString',
    '__proto__: { polluted: 1 }',
    'null',
    '~',
    'yes',
    '.inf',
    '.nan',
    '0x1F',
    '1e999',
    '-0',
    '010',
    '2026-01-31',
    '99999999999999999999',
  ],
  ...[
    '${params}',
    '${tasks}',
    '${run.id}',
    '${item}',
    '${index}',
    '${secrets.TOKEN}',
    '${inputs.bucket}',
    '${always()}',
    '${true}',
    '${1 + "a"}',
    '${[1, 2].map(x, x)}',
    '$${',
    '${}',
    '${"',
    '${a.b.c}',
  ],
  ...[
    '${tasks.fetch.output}',
    '${tasks.fetch.status == "failed"}',
    "${'a'.matches('(a+)+$')}",
    '${has(params.bucket)}',
    '${params.?bucket.orValue("x")}',
    '${tasks.a.output.map(r, r.hash)}',
  ],
  ...[
    'when: ${params.x > 1}',
    'forEach: ${[1, 2]}',
    'forEach: { in: [1], maxParallel: 2, onError: continue }',
    'continueOnError: true',
    'timeout: 5s',
    'timeout: 0s',
    'pool: big',
    'needs: [a, a, b]',
  ],
  ...[
    'compensate: { uses: tasks/wait.sleep@0.1.0, with: { ms: 1 } }',
    'retry: { maxAttempts: 3 }',
    'uses: workflows/demo@1.0.0',
    'uses: tasks/wait.sleep@0.1.0',
    'dryRun: true',
    'version: 1.0',
    'required: yes',
  ],
  ...[
    'default: {}',
    'schema: { $ref: "#" }',
    'schema: { allOf: [{ $ref: "#" }] }',
    'pattern: "(a{1000}){1000}"',
    'pattern: ^a+$',
    'enum: [1, a, null]',
    'quorum: 5',
    'type: integer',
    'AKIAIOSFODNN7EXAMPLE',
    'x'.repeat(5_000),
    '('.repeat(300),
    '['.repeat(100),
  ],
];

const TOKEN = /\s+|\w+|[^\s\w]/g;

/** The text with one thing changed; `other` gives material. The same arguments give the same text. */
export function mutate(text: string, { kind, at, size, pick }: Mutation, other: string): string {
  const fragment = FRAGMENTS[pick % FRAGMENTS.length] as string;
  switch (kind) {
    case 'insert-unit':
      return splice(text, at, 0, String.fromCharCode(pick % 0x1_0000));
    case 'delete-units':
      return splice(text, at, size, '');
    case 'insert-fragment':
      return splice(text, at, 0, fragment);
    case 'delete-token':
    case 'replace-token': {
      const tokens = text.match(TOKEN) ?? [];
      const others = other.match(TOKEN) ?? [''];
      const material = pick % 3 === 0 ? fragment : (others[pick % others.length] as string);
      tokens.splice(index(at, tokens.length), kind === 'delete-token' ? size : 1, ...(kind === 'delete-token' ? [] : [material]));
      return tokens.join('');
    }
    case 'delete-line':
    case 'repeat-line':
    case 'move-line':
    case 'indent-line':
      return mutateLines(text.split('\n'), kind, at, size, pick).join('\n');
    case 'splice': {
      const [mine, theirs] = [text.split('\n'), other.split('\n')];
      return [...mine.slice(0, index(at, mine.length)), ...theirs.slice(index(pick, theirs.length))].join('\n');
    }
    case 'append':
      return `${text}---\n${other}`;
    default:
      return mutateTree(text, kind, at, pick, other);
  }
}

function index(at: number, length: number): number {
  return length === 0 ? 0 : at % length;
}

function splice(text: string, at: number, remove: number, insert: string): string {
  const start = index(at, text.length + 1);
  return text.slice(0, start) + insert + text.slice(start + remove);
}

function mutateLines(lines: string[], kind: Mutation['kind'], at: number, size: number, pick: number): string[] {
  const from = index(at, lines.length);
  const some = lines.slice(from, from + size);
  if (kind === 'repeat-line') lines.splice(from, 0, ...some);
  else if (kind === 'indent-line') lines[from] = pick % 2 === 0 ? `  ${lines[from]}` : (lines[from] as string).replace(/^ {1,2}/, '');
  else {
    lines.splice(from, size);
    if (kind === 'move-line') lines.splice(index(pick, lines.length + 1), 0, ...some);
  }
  return lines;
}

/** Changes a value, key or item of the documents, and writes them anew; a text that is not YAML stays as it is. */
function mutateTree(text: string, kind: Mutation['kind'], at: number, pick: number, other: string): string {
  const documents = parseAllDocuments(text, { schema: 'core', logLevel: 'silent' });
  if (!Array.isArray(documents) || documents.some((document) => document.errors.length > 0)) return text;
  const collections: { items: unknown[] }[] = [];
  const scalars: Scalar[] = [];
  for (const document of documents) {
    visit(document, {
      Collection: (_, node) => void (node.items.length > 0 && collections.push(node)),
      Scalar: (_, node) => void scalars.push(node),
    });
  }
  const collection = collections[index(at, collections.length)];
  if (!collection) return text;
  const { items } = collection;
  const item = index(pick, items.length);
  if (kind === 'delete-node') items.splice(item, 1);
  else if (kind === 'repeat-node') items.push(items[item]);
  else if (kind === 'swap-nodes') items.push(...items.splice(0, item + 1));
  else if (kind === 'flow') Object.assign(collection, { flow: true });
  else {
    const scalar = scalars[index(at, scalars.length)] as Scalar;
    scalar.value = kind === 'rename-key' && isScalar(keyOf(collection, item)) ? scalar.value : material(pick, other);
    if (kind === 'rename-key') Object.assign(keyOf(collection, item) ?? {}, { value: material(pick, other) });
    delete scalar.source;
  }
  try {
    return documents.map((document) => document.toString({ lineWidth: 0 })).join('---\n');
  } catch {
    // An alias whose anchor is gone cannot be written.
    return text;
  }
}

function keyOf(collection: { items: unknown[] }, item: number): unknown {
  if (isSeq(collection) || !isMap(collection)) return undefined;
  return collection.items[item]?.key;
}

/** A value from elsewhere: a fragment, a number, a word of the other file. */
function material(pick: number, other: string): unknown {
  const words = other.match(/[\w.$@{}/-]+/g) ?? [''];
  return [
    FRAGMENTS[pick % FRAGMENTS.length],
    words[pick % words.length],
    pick,
    pick % 2 === 0,
    null,
    { [String(words[pick % words.length])]: 1 },
    [pick],
  ][pick % 7];
}
