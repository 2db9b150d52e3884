/** What a run asks of people, and how long it waits for them. */
export interface DecisionRequest {
  /** Roles asked; one decision per role unless `quorum` says less. */
  approvers: string[];
  /** `all` (default): one approval per role; a number: that many of the roles. */
  quorum?: 'all' | number;
  /** Shown to the approver. */
  reason?: string;
  /** Change or incident ticket, shown to the approver. */
  ticket?: string;
  /** Milliseconds to wait; absent: no limit. */
  expiresInMs?: number;
  /** Whether the initiator's own decision counts; default false. */
  allowSelfApproval?: boolean;
  /** sha256 of what is being approved; a decision about anything else does not count. */
  digest?: string;
}

/** One person's answer. */
export interface Decision {
  approved: boolean;
  /** Who decided, e.g. `olive`. */
  by: string;
  /** The role they decided in. */
  role: string;
  /** When, RFC 3339. */
  at: string;
  comment?: string;
}
