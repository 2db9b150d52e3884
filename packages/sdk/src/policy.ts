/** The answer of a policy decision point. */
export interface PolicyDecision {
  decision: 'allow' | 'deny';
  /** Why, for the person who was refused. */
  reason?: string;
}

/** Who wants something, what, and with what; as AuthZEN has it. */
export interface PolicyEntity {
  /** e.g. `user`, `s3.object`. */
  type: string;
  id: string;
  properties?: Record<string, unknown>;
}

/** A question to a policy decision point, in the shape of AuthZEN's access evaluation. Everything in it is JSON, and none of it secret. */
export interface PolicyRequest {
  subject: PolicyEntity;
  action: { name: string; properties?: Record<string, unknown> };
  resource: PolicyEntity;
  /** Circumstances: run, runbook, time. */
  context?: Record<string, unknown>;
  purpose?: string;
  authority?: string;
  license?: string;
}
