import { InvalidInputError } from '@summit/maestro-sdk';
import type { SlackInput } from './schemas.ts';

/** Limits of Slack, which it tells only after the fact, or by cutting the text off. */
const LONGEST_TEXT = 40_000;
const MOST_BLOCKS = 50;
const MOST_ATTACHMENTS = 100;

/** Throws for what Slack would refuse, with the code its answer would have. */
export function checkMessage(input: SlackInput): void {
  const { text, channel, webhook, token, apiUrl, blocks, attachments, threadTs, replyBroadcast } = input;
  if (typeof text !== 'string' || text.trim() === '')
    throw wrong('SLACK_NO_TEXT', 'text is empty; also a message of blocks needs it, for notifications');
  if (text.length > LONGEST_TEXT) throw wrong('SLACK_MSG_TOO_LONG', `text has ${text.length} characters; Slack takes ${LONGEST_TEXT}`);
  if (blocks !== undefined && blocks.length > MOST_BLOCKS)
    throw wrong('SLACK_INVALID_BLOCKS', `there are ${blocks.length} blocks; Slack takes ${MOST_BLOCKS} in a message`);
  const untyped = blocks?.findIndex(({ type }) => typeof type !== 'string') ?? -1;
  if (untyped >= 0) throw wrong('SLACK_INVALID_BLOCKS', `blocks[${untyped}] has no type, e.g. section`);
  if (attachments !== undefined && attachments.length > MOST_ATTACHMENTS) {
    throw wrong('SLACK_TOO_MANY_ATTACHMENTS', `there are ${attachments.length} attachments; Slack takes ${MOST_ATTACHMENTS} in a message`);
  }
  if (channel !== undefined && webhook !== undefined)
    throw wrong('INVALID_INPUT', 'both channel and webhook are given; a webhook posts to the channel it was made for');
  if (channel === undefined && (token !== undefined || apiUrl !== undefined)) {
    throw wrong('INVALID_INPUT', `${token === undefined ? 'apiUrl' : 'token'} is for the Web API, which needs channel as well`);
  }
  if (threadTs !== undefined && !/^\d+\.\d+$/.test(threadTs))
    throw wrong('SLACK_INVALID_THREAD_TS', `threadTs ${JSON.stringify(threadTs.slice(0, 40))} is no ts such as 1503435956.000247`);
  if (replyBroadcast === true && threadTs === undefined) throw wrong('INVALID_INPUT', 'replyBroadcast is for replies, which need threadTs');
}

/** The message in Slack's words. */
export function messageOf(input: SlackInput): Record<string, unknown> {
  const words: Record<string, unknown> = {
    channel: input.channel,
    text: input.text,
    blocks: input.blocks,
    attachments: input.attachments,
    thread_ts: input.threadTs,
    reply_broadcast: input.replyBroadcast,
    mrkdwn: input.mrkdwn,
    link_names: input.linkNames,
    parse: input.parse,
    unfurl_links: input.unfurlLinks,
    unfurl_media: input.unfurlMedia,
    username: input.username,
    icon_emoji: input.iconEmoji,
    icon_url: input.iconUrl,
  };
  return Object.fromEntries(Object.entries(words).filter(([, value]) => value !== undefined));
}

function wrong(code: string, message: string): InvalidInputError {
  return new InvalidInputError(message, { code });
}
