/** A source of secrets, asked in order: a folder of files named like the secret, or environment variables with a prefix. */
export type SecretSource = { files: string } | { env: string };

/** Where runs execute: a Restate server of our own, one that exists, or this process without durability. */
export type EngineSetting =
  | 'embedded'
  | 'in-process'
  | { dir: string }
  | {
      /** Of a cluster, several nodes may be named. */
      ingressUrl: string | string[];
      adminUrl: string | string[];
      /** Public keys of the requests that workers execute. */
      identityKeys?: string[];
      /** Workers execute unsigned requests as well: whoever reaches them may execute tasks. Default false. */
      allowUnsigned?: boolean;
      /** How Restate reaches this version's workers. */
      advertisedUrl?: string;
      /** Where workers listen; default 0.0.0.0, or the loopback interface where Restate is there, and port 9080. */
      host?: string;
      port?: number;
    };

/** A bucket that the artifacts of several workers are kept in. Credentials: the secrets AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, else what the machine has. */
export interface S3ArtifactsSetting {
  bucket: string;
  /** Before the keys of the objects, e.g. `maestro/`. */
  prefix?: string;
  region?: string;
  /** URL of a store that is not AWS. */
  endpoint?: string;
  forcePathStyle?: boolean;
  /** Account that must own the bucket. */
  expectedBucketOwner?: string;
  /** `AES256`, or the id of a KMS key. Default: what the bucket says. */
  encryption?: string;
  /** Role to act as. */
  roleArn?: string;
}

export interface ArtifactsSetting {
  /** Folder of the store; of its copies where it is a bucket. */
  dir?: string;
  s3?: S3ArtifactsSetting;
  /** How many bytes of copies are kept where the store is a bucket; default 10 GiB. */
  copiesBytes?: number;
  /** Largest output of a task that is not an artifact, in bytes; default 262144. */
  inlineLimit?: number;
}

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
  /**
   * Where it is kept what happens in runs: a file, or a `postgres://` URL that several workers share; `retention` (`90d`): how long after
   * their end runs are kept, for ever by default. Default `history.db` in the folder of the engine.
   */
  history?: string | { file?: string; url?: string; retention?: string };
  /** The artifact store: a folder, or `s3://bucket/prefix`. Default `.maestro/artifacts`. */
  artifacts?: string | ArtifactsSetting;
  /**
   * The pools that this machine's worker serves; `default` is the one that walks runs. Default `['default']` with a Restate that somebody
   * else runs; on one machine, where the worker executes what asks for a pool itself: any.
   */
  pools?: string[];
  /** `tasksAtOnce`: attempts of tasks at the same time in a process, default 1,000; `queuedRuns`: runs that have not ended, default 50,000. */
  limits?: { tasksAtOnce?: number; queuedRuns?: number };
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
  /** OpenTelemetry traces and metrics. Default: none, unless the environment names a receiver (`OTEL_EXPORTER_OTLP_ENDPOINT`). */
  telemetry?: TelemetrySetting;
}

/** Where traces and metrics go. */
export interface TelemetrySetting {
  /** An OTLP/HTTP receiver, e.g. a collector: its URL without `/v1/traces`. Default http://localhost:4318. */
  otlp?: { endpoint?: string; headers?: Record<string, string> };
  /** What this installation is called. Default `maestro`. */
  serviceName?: string;
}

/** Types a `maestro.config.ts`; returns its argument. */
export function defineConfig(config: MaestroConfig): MaestroConfig {
  return config;
}

export type ResolvedEngine =
  | { kind: 'embedded'; dir: string }
  | ({ kind: 'remote' } & Extract<EngineSetting, { ingressUrl: unknown }>)
  | { kind: 'in-process' };

/** `retentionMs`: how long after their end runs are kept; absent: for ever. */
export type ResolvedHistory = ({ sqlite: string } | { postgres: string; outbox: string }) & { retentionMs?: number };

/** The configuration a command works with: every key set, every path absolute. */
export interface ResolvedConfig {
  /** The file it was read from; absent when there is none. */
  file?: string;
  /** The folder of the file, or the current one: what relative names start from. */
  root: string;
  catalogs: string[];
  packages: string[];
  engine: ResolvedEngine;
  history: ResolvedHistory;
  artifacts: { dir: string; inlineLimit: number; s3?: S3ArtifactsSetting; copiesBytes?: number };
  pools?: string[];
  limits: NonNullable<MaestroConfig['limits']>;
  workspace: string;
  secrets: SecretSource[];
  identity: { user: string; roles: string[] };
  signing?: { keyFile: string };
  preApproval: boolean;
  egress: { allow: string[] };
  trustedCatalogs: string[];
  telemetry?: TelemetrySetting;
}
