/** A source of secrets, asked in order: a folder of files named like the secret, or environment variables with a prefix. */
export type SecretSource = { files: string } | { env: string };

/** Where runs execute: a Restate server of our own, one that exists, or this process without durability. */
export type EngineSetting =
  | 'embedded'
  | 'in-process'
  | { dir: string }
  | { ingressUrl: string; adminUrl: string; identityKeys?: string[]; advertisedUrl?: string };

/**
 * What `maestro.config.ts` exports by default or `maestro.config.json` holds; everything is optional.
 * Relative paths start from the folder of the file.
 */
export interface MaestroConfig {
  /** Folders or npm packages that hold manifests. Default `['runbooks']`. */
  catalogs?: string[];
  /** npm packages that carry tasks. Default `['@summit/maestro-tasks-core']`. */
  packages?: string[];
  /** Default `'embedded'`: a Restate server of our own, with its data in `.maestro/restate`; `{ dir }` is another folder than `.maestro`. */
  engine?: EngineSetting;
  /** Folder of the artifact store, default `.maestro/artifacts`; `inlineLimit` in bytes, default 262144. */
  artifacts?: string | { dir?: string; inlineLimit?: number };
  /** The only folder whose files tasks may touch. Default: the folder of the configuration. */
  workspace?: string;
  /** Default: files in `/run/secrets`, then environment variables `MAESTRO_SECRET_*`. */
  secrets?: SecretSource[];
  /** Who starts runs from this machine. Default: the user of the operating system, without roles. */
  identity?: { user?: string; roles?: string[] };
  /** Ed25519 private key (PEM) that bundles are signed with. Default: none. */
  signing?: { keyFile: string };
  /** Development only: an approval gate that is given `approved: true` passes without asking. Default false. */
  preApproval?: boolean;
  /**
   * What tasks may connect to although it is not public: `api.internal`, `*.internal`, `10.1.2.3`, `10.0.0.0/8`, each also with `:port`. Default: nothing.
   */
  egress?: { allow: string[] };
  /** Catalogs, named like those of `catalogs`, whose JavaScript (`mapper` of tasks/transform.map) may be executed. Default: none. */
  trustedCatalogs?: string[];
}

/** Types a `maestro.config.ts`; returns its argument. */
export function defineConfig(config: MaestroConfig): MaestroConfig {
  return config;
}

export type ResolvedEngine =
  | { kind: 'embedded'; dir: string }
  | { kind: 'remote'; ingressUrl: string; adminUrl: string; identityKeys?: string[]; advertisedUrl?: string }
  | { kind: 'in-process' };

/** The configuration a command works with: every key set, every path absolute. */
export interface ResolvedConfig {
  /** The file it was read from; absent when there is none. */
  file?: string;
  /** The folder of the file, or the current one: what relative names start from. */
  root: string;
  catalogs: string[];
  packages: string[];
  engine: ResolvedEngine;
  artifacts: { dir: string; inlineLimit: number };
  workspace: string;
  secrets: SecretSource[];
  identity: { user: string; roles: string[] };
  signing?: { keyFile: string };
  preApproval: boolean;
  egress: { allow: string[] };
  trustedCatalogs: string[];
}
