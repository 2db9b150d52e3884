import { createRunContext, defineTask } from '@summit/maestro-sdk';
import { inputCheck } from '../input/check-input.ts';
import { checkMessage } from '../slack/message.ts';
import { Input, Output } from '../slack/schemas.ts';

type Poster = typeof import('../slack/post.ts');
let poster: Promise<Poster> | undefined;
const checkInput = inputCheck(Input);

/**
 * Posts a message to Slack: with `channel` through `chat.postMessage` and a bot token, else through an incoming webhook.
 *
 * Effect: write. Delivery: at least once. Slack has no idempotency key for messages: errors of its API mention a `client_msg_id`, but it is no documented argument, and whether Slack recognises a message by it
 * is not said, so it is not sent. An attempt whose answer was lost is repeated, and the message may then be there twice.
 *
 * 429 waits as long as `Retry-After` says, in the call where `timeoutMs` allows it, else before the next attempt. `ok: false` is an error whatever the status.
 *
 * Egress: a webhook, `apiUrl` or `proxy` of the input is held to the worker's `egress.allow`; the secrets are the operator's own word and are not. The URL of a webhook is a secret itself: messages and resources
 * have its host only. Redirects are not followed.
 *
 * Errors: Slack's own word becomes the code: `SLACK_CHANNEL_NOT_FOUND`, `SLACK_NOT_IN_CHANNEL`, `SLACK_IS_ARCHIVED`, `SLACK_INVALID_AUTH`, `SLACK_TOKEN_REVOKED`, `SLACK_ACCOUNT_INACTIVE`, `SLACK_MISSING_SCOPE` (says which scope is needed
 * and which there are), `SLACK_MSG_TOO_LONG`, `SLACK_NO_TEXT`, `SLACK_INVALID_BLOCKS`; of webhooks `SLACK_NO_SERVICE`, `SLACK_INVALID_PAYLOAD`, `SLACK_CHANNEL_IS_ARCHIVED`, `SLACK_ACTION_PROHIBITED`, `SLACK_INVALID_TOKEN`; a word
 * that is none is `SLACK_REFUSED`. Transient are `SLACK_RATELIMITED`, `SLACK_INTERNAL_ERROR`, `SLACK_FATAL_ERROR`, `SLACK_REQUEST_TIMEOUT`, `SLACK_SERVICE_UNAVAILABLE`, `SLACK_ROLLUP_ERROR`, `SLACK_UNAVAILABLE` (5xx), `SLACK_DNS`,
 * `SLACK_UNREACHABLE`, `SLACK_CUT`, `SLACK_TIMEOUT`. Ours, terminal: `SLACK_TOO_MANY_ATTACHMENTS`, `SLACK_INVALID_THREAD_TS`, `SLACK_WEBHOOK_INVALID`, `SLACK_RESPONSE_UNEXPECTED`, `SLACK_EGRESS_DENIED`, `SLACK_TLS`, `SLACK_PROXY`, `INVALID_INPUT`;
 * `SECRET_MISSING` where neither the input nor a secret says where to.
 */
export const notifySlack = defineTask<typeof Input, typeof Output>({
  name: 'tasks/notify.slack',
  version: '0.1.0',
  title: 'Post a message to Slack',
  description: 'Posts to a channel with a bot token, or to an incoming webhook: text, blocks, replies in threads.',
  examples: [
    { title: 'To the webhook of the secret SLACK_WEBHOOK_URL', input: { text: 'Deploy of api 1.4.2 is done' } },
    {
      title: 'A reply in a thread, with blocks',
      input: {
        channel: 'C0123456789',
        threadTs: '1503435956.000247',
        text: 'Backup done',
        blocks: [{ type: 'section', text: { type: 'mrkdwn', text: '*Backup* done' } }],
        unfurlLinks: false,
      },
    },
    { title: 'No text', input: { text: ' ' }, error: 'SLACK_NO_TEXT' },
    {
      title: 'A channel for a webhook',
      input: { channel: 'C0123456789', webhook: 'https://hooks.slack.com/services/T/B/x', text: 'hi' },
      error: 'INVALID_INPUT',
    },
  ],
  effect: 'write',
  input: Input,
  output: Output,
  secrets: ['SLACK_BOT_TOKEN', 'SLACK_WEBHOOK_URL'],
  retry: { maxAttempts: 5, initialInterval: 1_000, maxInterval: 60_000, factor: 2 },
  resources: ({ channel, webhook }) => {
    if (channel !== undefined) return [{ type: 'slack.channel', id: channel }];
    return [{ type: 'slack.webhook', id: webhook === undefined ? 'SLACK_WEBHOOK_URL' : URL.parse(webhook.trim())?.host || 'unreadable' }];
  },
  validate({ payload }) {
    checkMessage(payload);
  },
  async execute(ctx, { payload }) {
    await checkInput(payload);
    checkMessage(payload);
    poster ??= import('../slack/post.ts');
    const { post } = await poster;
    return { payload: await post(createRunContext(ctx), payload) };
  },
});

export default notifySlack;
