// What no name in a bundle may hold: control characters, the marks that reverse the direction of text, and what
// Windows forbids in names (among them the backslash and the colon, which would make a path of a name).
const FORBIDDEN = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffd\\:<>"|?*]/u;
const RESERVED = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?=\.|$)/i;

/** Why an archive entry of this name would unpack to another place than the one it names, or show as another one; undefined: it is safe. */
export function unsafeName(name: string): string | undefined {
  if (name === '') return 'is empty';
  if (/[\\]/.test(name)) return 'contains a backslash, which is a folder separator on Windows';
  if (/^[A-Za-z]:/.test(name)) return 'starts with a drive letter';
  if (name.startsWith('/')) return 'is an absolute path';
  const segments = name.split('/');
  if (segments.includes('..')) return 'contains "..", which leads out of the folder';
  if (segments.includes('.') || segments.includes('')) return 'is not in normal form (an empty or "." segment)';
  const forbidden = FORBIDDEN.exec(name)?.[0];
  if (forbidden !== undefined)
    return `contains the character U+${(forbidden.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0')}`;
  return undefined;
}

/** The same for names that file systems without case, or with another Unicode normal form, take for one. */
export function foldName(name: string): string {
  return name.normalize('NFC').toLowerCase();
}

/** Gives every file of a bundle a name of its own that is safe everywhere and resembles the wanted one. */
export class EntryNames {
  readonly #files = new Set<string>();
  readonly #folders = new Set<string>();
  // Where to go on counting, or a thousand files of one name would be compared with each other.
  readonly #numbers = new Map<string, number>();

  /** `reserved` names are never given away. */
  constructor(reserved: Iterable<string>) {
    for (const name of reserved) this.#files.add(foldName(name));
  }

  /** `wanted` is a path with `/`. A name that is taken gets a number: `a.txt`, `a (2).txt`. */
  add(wanted: string): string {
    const segments = wanted
      .split('/')
      .filter((segment) => segment !== '' && segment !== '.' && segment !== '..')
      .map(safeSegment);
    const leaf = segments.pop() ?? 'file';
    let folder = '';
    for (const segment of segments) {
      const name = this.#firstFree(folder, segment, (folded) => !this.#files.has(folded));
      this.#folders.add(foldName(name));
      folder = `${name}/`;
    }
    const name = this.#firstFree(folder, leaf, (folded) => !this.#files.has(folded) && !this.#folders.has(folded));
    this.#files.add(foldName(name));
    return name;
  }

  /** `segment` in `folder`, or the first of `segment (2)`, `segment (3)`, ... that is free. */
  #firstFree(folder: string, segment: string, isFree: (folded: string) => boolean): string {
    const wanted = folder + segment;
    if (isFree(foldName(wanted))) return wanted;
    const key = foldName(wanted);
    for (let n = this.#numbers.get(key) ?? 2; ; n++) {
      const candidate = folder + numbered(segment, n);
      if (!isFree(foldName(candidate))) continue;
      this.#numbers.set(key, n);
      return candidate;
    }
  }
}

/** `a/b/c` -> `a`, `a/b` */
export function ancestors(name: string): string[] {
  const segments = name.split('/');
  return segments.slice(1).map((_, index) => segments.slice(0, index + 1).join('/'));
}

function safeSegment(segment: string): string {
  // Lone surrogates have no UTF-8; toWellFormed turns them into U+FFFD.
  const clean = segment.toWellFormed().replace(new RegExp(FORBIDDEN, 'gu'), '_');
  // Windows drops dots and spaces at the end, and opens a device for names such as NUL.
  return clean.replace(/[. ]$/, '_').replace(RESERVED, '_$&');
}

function numbered(segment: string, n: number): string {
  const dot = segment.lastIndexOf('.');
  // A dot at the start hides the file, it does not begin an extension.
  return dot > 0 ? `${segment.slice(0, dot)} (${n})${segment.slice(dot)}` : `${segment} (${n})`;
}
