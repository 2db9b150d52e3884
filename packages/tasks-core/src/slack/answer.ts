import { parseRetryAfter, TaskError } from '@summit/maestro-sdk';
import type { Response } from '../http/exchange.ts';
import { header } from '../http/headers.ts';

/** Where a message was to go, in words that hold no secret. */
export interface Place {
  /** `the channel C012` or `the webhook at hooks.slack.com`. */
  name: string;
  /** Where the credential comes from: `the secret SLACK_BOT_TOKEN`, `token`... */
  credential: string;
}

/** Slack's errors that pass. */
const PASSING = new Set([
  'ratelimited',
  'rate_limited',
  'internal_error',
  'fatal_error',
  'request_timeout',
  'service_unavailable',
  'team_added_to_org',
  'rollup_error',
  'accesslimited',
]);

const CREDENTIAL = (place: Place) => `${place.credential} is not accepted; see OAuth & Permissions of the Slack app`;
const HOOK = (place: Place) => `${place.credential} is of no use any more; make another webhook`;

/** What a person can do. */
const HINTS: Record<string, (place: Place) => string> = {
  channel_not_found: () => 'give the id of the channel; to a private one the app has to be invited',
  not_in_channel: () => 'invite the app to the channel, or give it the scope chat:write.public',
  is_archived: () => 'the channel is archived',
  channel_is_archived: () => 'the channel is archived',
  thread_not_found: () => 'threadTs is no message of this channel',
  invalid_auth: CREDENTIAL,
  not_authed: CREDENTIAL,
  token_revoked: CREDENTIAL,
  token_expired: CREDENTIAL,
  account_inactive: CREDENTIAL,
  not_allowed_token_type: CREDENTIAL,
  no_service: HOOK,
  no_service_id: HOOK,
  no_team: HOOK,
  no_active_hooks: HOOK,
  invalid_token: HOOK,
  action_prohibited: () => 'an administrator has restricted it',
  posting_to_general_channel_denied: () => 'an administrator has restricted #general',
  invalid_payload: () => 'see blocks and attachments',
  no_text: () => 'text is empty',
};

/** An answer of the Web API. */
interface ApiAnswer {
  ok?: unknown;
  error?: unknown;
  ts?: unknown;
  channel?: unknown;
  needed?: unknown;
  provided?: unknown;
  response_metadata?: { messages?: unknown };
}

/** What `chat.postMessage` answered; `ok: false` is an error whatever the status. */
export function apiAnswer(response: Response, text: string, place: Place): { ok: true; ts?: string; channel?: string } {
  let answer: ApiAnswer;
  try {
    answer = JSON.parse(text) as ApiAnswer;
  } catch (cause) {
    throw statusError(response, place, cause);
  }
  if (response.status === 200 && answer?.ok === true) {
    const { ts, channel } = answer;
    return { ok: true, ...(typeof ts === 'string' ? { ts } : {}), ...(typeof channel === 'string' ? { channel } : {}) };
  }
  if (typeof answer?.error !== 'string') throw statusError(response, place);
  throw slackError(answer.error, response, place, answer);
}

/** What a webhook answered: `ok` as plain text, or the error as plain text. */
export function webhookAnswer(response: Response, text: string, place: Place): { ok: true } {
  const word = text.trim();
  if (response.status === 200 && word === 'ok') return { ok: true };
  if (/^[a-z][a-z_]{1,60}$/.test(word) && word !== 'ok') throw slackError(word, response, place, {});
  throw statusError(response, place);
}

function slackError(error: string, response: Response, place: Place, { needed, provided, response_metadata }: ApiAnswer): TaskError {
  const known = /^[a-z0-9_]{1,60}$/.test(error);
  const code = known ? `SLACK_${error.toUpperCase()}` : 'SLACK_REFUSED';
  const problems = Array.isArray(response_metadata?.messages)
    ? response_metadata.messages.filter((each) => typeof each === 'string').slice(0, 10)
    : [];
  const hint = Object.hasOwn(HINTS, error) ? HINTS[error]?.(place) : undefined;
  const scope =
    error === 'missing_scope'
      ? `the app needs the scope ${String(needed)}, and has ${String(provided) || 'none'}; add it and install the app again`
      : undefined;
  const said = [scope ?? hint, ...problems].filter((each) => each !== undefined).join('; ');
  const message = `Slack refused the message to ${place.name}: ${known ? error : 'for a reason that is no word'}${said === '' ? '' : `; ${said}`}`;
  const details = { error, ...(needed === undefined ? {} : { needed, provided }), ...(problems.length === 0 ? {} : { problems }) };
  if (PASSING.has(error) || response.status === 429) return TaskError.transient(code, message, { details, ...waiting(response) });
  return TaskError.terminal(code, message, { details });
}

/** A status without a word of Slack: a proxy on the way, or Slack in trouble. */
function statusError(response: Response, place: Place, cause?: unknown): TaskError {
  const { status } = response;
  const message = `Slack answered ${status} to the message to ${place.name}, with nothing that Slack says`;
  if (status === 429) return TaskError.transient('SLACK_RATELIMITED', message, { cause, ...waiting(response) });
  if (status >= 500) return TaskError.transient('SLACK_UNAVAILABLE', message, { cause, ...waiting(response) });
  return TaskError.terminal('SLACK_RESPONSE_UNEXPECTED', `${message}; is that Slack?`, { cause, details: { status } });
}

function waiting({ headers }: Response): { retryAfterMs?: number } {
  const retryAfterMs = parseRetryAfter(header(headers, 'retry-after'));
  return retryAfterMs === undefined ? {} : { retryAfterMs };
}
