/** What went wrong below the protocol. */
export type NetworkFailureKind =
  /** Nobody listens there, or the way there is closed. */
  | 'refused'
  /** The name has no address. */
  | 'dns'
  /** The connection ended in the middle. */
  | 'cut'
  /** No answer in time. */
  | 'timeout'
  /** The certificate is not trusted, or is for another name, or TLS is not spoken. */
  | 'tls';

const KINDS: Record<string, NetworkFailureKind> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'refused',
  ENETUNREACH: 'refused',
  EHOSTDOWN: 'refused',
  EADDRNOTAVAIL: 'refused',
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  EAI_FAIL: 'dns',
  ECONNRESET: 'cut',
  ECONNABORTED: 'cut',
  EPIPE: 'cut',
  UND_ERR_SOCKET: 'cut',
  ETIMEDOUT: 'timeout',
  ESOCKETTIMEDOUT: 'timeout',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls',
  UNABLE_TO_GET_ISSUER_CERT: 'tls',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls',
  HOSTNAME_MISMATCH: 'tls',
  EPROTO: 'tls',
};

/** What kind of network failure is behind an error, however deep, and how the system puts it; undefined when it is none. */
export function networkFailure(error: unknown): { kind: NetworkFailureKind; reason: string } | undefined {
  const seen = new Set<unknown>();
  const look = (found: unknown): { kind: NetworkFailureKind; reason: string } | undefined => {
    if (typeof found !== 'object' || found === null || seen.has(found)) return undefined;
    seen.add(found);
    const { code, message, cause, errors } = found as { code?: unknown; message?: unknown; cause?: unknown; errors?: unknown };
    const kind = typeof code === 'string' ? kindOf(code) : undefined;
    // Happy eyeballs: one failure per address; any of them tells what there is to tell.
    const nested = Array.isArray(errors) ? errors : [];
    if (kind !== undefined) {
      const text = plain(typeof message === 'string' && message !== '' ? message : messageOf(nested[0]));
      return { kind, reason: text.includes(String(code)) ? text : `${text || 'failed'} (${String(code)})` };
    }
    for (const each of [...nested, cause]) {
      const below = look(each);
      if (below !== undefined) return below;
    }
    return undefined;
  };
  return look(error);
}

function kindOf(code: string): NetworkFailureKind | undefined {
  if (Object.hasOwn(KINDS, code)) return KINDS[code];
  return /^(?:CERT_|CRL_|ERR_TLS_|ERR_SSL_)/.test(code) ? 'tls' : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : '';
}

/** OpenSSL's errors are lines of numbers, names and places in its source, with the reason among them. */
function plain(text: string): string {
  return /^[0-9A-F]+:error:[0-9A-F]+:[^:]*:[^:]*:(?<reason>[^:]+):/.exec(text)?.groups?.reason?.trim() ?? text.trim();
}
