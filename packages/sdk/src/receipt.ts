/** What was run on what, and what came out: enough to repeat a run's proof without the system that ran it. */
export interface ProvenanceReceipt {
  runId: string;
  /** `sha256:<hex>` over the canonical JSON (RFC 8785) of the inputs. */
  inputsHash: string;
  /** `sha256:<hex>` of the plan, which pins every task's version and contract. */
  codeDigest: string;
  /** `sha256:<hex>` over the canonical JSON (RFC 8785) of the outputs. */
  outputsHash: string;
  /** Key id of who vouches for it: sha256 of the public key's SPKI (DER), hex. Absent on an unsigned receipt. */
  signer?: string;
}
