/** What a reference resolves to. */
export interface LockedReference {
  /** Absent where nothing that is installed satisfies it. A lock file never lacks it. */
  version?: string;
  /** `sha256:<hex>` of the task's contract; absent for workflows, whose content `manifests` holds. */
  digest?: string;
}

/** What a catalog is made of: the content of `maestro.lock.yaml`. */
export interface Lock {
  /** By reference: `connectors/s3.get@^0.1`, `workflows/name@^1.0`. */
  references: Map<string, LockedReference>;
  /** `runbooks/name@version` or `workflows/name@version` -> `sha256:<hex>` of the content. Comments and formatting do not change it. */
  manifests: Map<string, string>;
}

/** The name of the lock file, beside the manifests of a catalog. */
export const LOCK_FILE = 'maestro.lock.yaml';
