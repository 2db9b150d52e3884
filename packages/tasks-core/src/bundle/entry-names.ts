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
    const name = segments.join('/') || 'file';
    for (let n = 1; ; n++) {
      const candidate = n === 1 ? name : numbered(name, n);
      if (this.#take(candidate)) return candidate;
    }
  }

  #take(name: string): boolean {
    const folded = foldName(name);
    const folders = ancestors(folded);
    if (this.#files.has(folded) || this.#folders.has(folded) || folders.some((folder) => this.#files.has(folder))) return false;
    this.#files.add(folded);
    for (const folder of folders) this.#folders.add(folder);
    return true;
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

function numbered(name: string, n: number): string {
  const slash = name.lastIndexOf('/') + 1;
  const dot = name.lastIndexOf('.');
  // A dot at the start of the base name hides the file, it does not begin an extension.
  return dot > slash ? `${name.slice(0, dot)} (${n})${name.slice(dot)}` : `${name} (${n})`;
}
