import { type Static, Type } from '@summit/maestro-sdk/schema';
import { connectionFields } from '../http/fields.ts';

const objects = (description: string) => Type.Array(Type.Record(Type.String(), Type.Unknown()), { description });

/** What `tasks/notify.slack` takes. */
export const Input = Type.Object(
  {
    text: Type.String({ description: 'The message, at most 40,000 characters; with blocks what notifications show' }),
    channel: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'Where to, best as an id (C0123456789): posted with chat.postMessage. Without it: to the webhook',
      }),
    ),
    webhook: Type.Optional(
      Type.String({
        minLength: 1,
        writeOnly: true,
        description: 'URL of an incoming webhook, from a secret. Default: the secret SLACK_WEBHOOK_URL',
      }),
    ),
    token: Type.Optional(
      Type.String({ minLength: 1, writeOnly: true, description: 'Bot token, from a secret. Default: the secret SLACK_BOT_TOKEN' }),
    ),
    blocks: Type.Optional(objects('Block Kit blocks, at most 50')),
    attachments: Type.Optional(objects('Attachments (Slack calls them legacy), at most 100')),
    threadTs: Type.Optional(Type.String({ minLength: 1, description: 'ts of the message to reply to' })),
    replyBroadcast: Type.Optional(Type.Boolean({ description: 'Shows a reply in the channel as well' })),
    mrkdwn: Type.Optional(Type.Boolean({ description: 'false: text is shown as it is, without formatting' })),
    linkNames: Type.Optional(Type.Boolean({ description: 'Links names of user groups' })),
    parse: Type.Optional(Type.Enum(['none', 'full'], { description: 'full: URLs, channels and names in text become links' })),
    unfurlLinks: Type.Optional(Type.Boolean({ description: 'Whether links to text are previewed' })),
    unfurlMedia: Type.Optional(Type.Boolean({ description: 'Whether links to media are previewed' })),
    username: Type.Optional(Type.String({ minLength: 1, description: 'Name to post under; a bot needs the scope chat:write.customize' })),
    iconEmoji: Type.Optional(Type.String({ pattern: '^:[^:\\s]+:$', description: 'Emoji as icon, e.g. :rotating_light:; same scope' })),
    iconUrl: Type.Optional(Type.String({ pattern: '^https?://', description: 'Image as icon; same scope' })),
    apiUrl: Type.Optional(
      Type.String({
        pattern: '^https?://',
        description: 'Base of the Web API, e.g. https://slack-gov.com/api for GovSlack. Default: https://slack.com/api',
      }),
    ),
    ...connectionFields,
  },
  { additionalProperties: false },
);
export type SlackInput = Static<typeof Input>;

/** What it gives. */
export const Output = Type.Object({
  ok: Type.Literal(true, { description: 'Always true: a message that was not accepted is an error' }),
  ts: Type.Optional(Type.String({ description: 'Of the message, to reply to or to find it; a webhook does not say it' })),
  channel: Type.Optional(Type.String({ description: 'Id of the channel; a webhook does not say it' })),
});
export type SlackOutput = Static<typeof Output>;
