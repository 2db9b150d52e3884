/** Something about a bundle that is not as it must be. */
export interface BundleProblem {
  code: ProblemCode;
  /** Name of the entry concerned, where it is one. */
  entry?: string;
  /** What was expected and what was found. */
  message: string;
}

/** What can be wrong with a bundle. */
export type ProblemCode =
  // The file as a zip.
  | 'ZIP_INVALID'
  | 'ZIP_TOO_MANY_ENTRIES'
  | 'ZIP_HIDDEN_DATA'
  // An entry, whatever the manifest says.
  | 'ENTRY_NAME_UNSAFE'
  | 'ENTRY_NAME_CONFLICT'
  | 'ENTRY_DUPLICATE'
  | 'ENTRY_NOT_A_FILE'
  | 'ENTRY_ENCRYPTED'
  | 'ENTRY_UNSUPPORTED'
  | 'ENTRY_HEADER_MISMATCH'
  | 'ENTRY_OVERLAP'
  | 'ENTRY_CORRUPT'
  // The manifest, and the entries against it.
  | 'MANIFEST_MISSING'
  | 'MANIFEST_TOO_LARGE'
  | 'MANIFEST_INVALID'
  | 'FILE_MISSING'
  | 'FILE_ADDED'
  | 'FILE_SIZE_MISMATCH'
  | 'FILE_HASH_MISMATCH'
  | 'BUNDLE_TOO_LARGE'
  // The signature.
  | 'SIGNATURE_MISSING'
  | 'SIGNATURE_INVALID'
  | 'SIGNATURE_FOREIGN';

/** Collects problems; of a very bad bundle only the first ones. */
export class Problems {
  readonly #limit: number;
  readonly list: BundleProblem[] = [];
  count = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(code: ProblemCode, message: string, entry?: string): void {
    this.count++;
    if (this.list.length < this.#limit) this.list.push({ code, message, ...(entry === undefined ? {} : { entry }) });
  }

  has(...codes: ProblemCode[]): boolean {
    return this.list.some(({ code }) => codes.includes(code));
  }
}
