import { InvalidInputError, isTaskError, type RunContext, TaskError } from '@summit/maestro-sdk';
import { abortableSleep } from '@summit/maestro-sdk/abort';
import { type EgressRules, egressOf } from '../egress/rules.ts';
import { requestBody } from '../http/body.ts';
import { type CallOptions, withClient } from '../http/client.ts';
import { collected, content } from '../http/content.ts';
import type { Response } from '../http/exchange.ts';
import type { Request } from '../http/request.ts';
import { targetUrl } from '../http/target.ts';
import { apiAnswer, type Place, webhookAnswer } from './answer.ts';
import { messageOf } from './message.ts';
import type { SlackInput, SlackOutput } from './schemas.ts';

const API = 'https://slack.com/api';
/** Slack's answers are short; more is not from Slack. */
const LONGEST_ANSWER = 256 * 1024;
/** Between two attempts, whatever Slack asks for: an answer that says 0 must not be asked for hundreds of times a second. */
const SHORTEST_WAIT_MS = 1_000;

/** Posts the message, and once more where Slack asks for a wait that fits into the time of the call. */
export async function post(ctx: RunContext, input: SlackInput): Promise<SlackOutput> {
  ctx.signal.throwIfAborted();
  const { timeoutMs = 30_000, tls, proxy, connectTimeoutMs } = input;
  const { request, place, answer } = input.channel === undefined ? await toWebhook(ctx, input) : await toChannel(ctx, input, input.channel);
  const rules = rulesFor(ctx, input);
  const options: CallOptions = {
    prefix: 'SLACK',
    // A message that arrives twice is better than one that nobody sees.
    repeatable: true,
    whyNot: '',
    // The token, or a URL that is one, is for Slack only.
    maxRedirects: 0,
    timeoutMs,
    ...(rules === undefined ? {} : { rules }),
    ...(tls === undefined ? {} : { tls }),
    ...(proxy === undefined ? {} : { proxy }),
    ...(connectTimeoutMs === undefined ? {} : { connectTimeoutMs }),
  };
  const end = performance.now() + timeoutMs;
  return withClient(ctx, request, options, async (send, signal) => {
    for (;;) {
      const response = await send(request);
      const text = await textOf(response, place);
      try {
        return answer(response, text, place);
      } catch (error) {
        // 429: the message was not taken, so sending it again is safe. A longer wait is the engine's, which costs nothing there.
        const asked = isTaskError(error) && response.status === 429 ? error.retryAfterMs : undefined;
        const wait = Math.max(asked ?? 0, SHORTEST_WAIT_MS);
        if (asked === undefined || performance.now() + wait >= end) throw error;
        await abortableSleep(wait, signal);
      }
    }
  });
}

async function textOf({ body, headers }: Response, place: Place): Promise<string> {
  try {
    const bytes = await collected(content(body, headers['content-encoding']?.toString(), LONGEST_ANSWER, place.name, 'that is not Slack'));
    return bytes.toString('utf8');
  } catch (error) {
    if (!isTaskError(error)) throw error;
    throw TaskError.terminal('SLACK_RESPONSE_UNEXPECTED', error.message, { cause: error });
  }
}

interface Posting {
  request: Request;
  place: Place;
  answer: typeof apiAnswer;
}

async function toChannel(ctx: RunContext, input: SlackInput, channel: string): Promise<Posting> {
  const token = (input.token ?? (await ctx.secrets('SLACK_BOT_TOKEN'))).trim();
  const credential = input.token === undefined ? 'the secret SLACK_BOT_TOKEN' : 'token';
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new InvalidInputError(`${credential} is no token such as xoxb-...`, { code: 'SLACK_INVALID_AUTH' });
  const base = (input.apiUrl ?? API).replace(/\/+$/, '');
  const request = requestTo(ctx, targetUrl(`${base}/chat.postMessage`), input, { authorization: `Bearer ${token}` });
  return { request, place: { name: `the channel ${channel}`, credential }, answer: apiAnswer };
}

async function toWebhook(ctx: RunContext, input: SlackInput): Promise<Posting> {
  const credential = input.webhook === undefined ? 'the secret SLACK_WEBHOOK_URL' : 'webhook';
  const url = URL.parse((input.webhook ?? (await ctx.secrets('SLACK_WEBHOOK_URL'))).trim());
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '') {
    throw new InvalidInputError(`${credential} is no URL of a webhook such as https://hooks.slack.com/services/...`, {
      code: 'SLACK_WEBHOOK_INVALID',
    });
  }
  return { request: requestTo(ctx, url, input, {}), place: { name: `the webhook at ${url.host}`, credential }, answer: webhookAnswer };
}

function requestTo(ctx: RunContext, url: URL, input: SlackInput, headers: Record<string, string>): Request {
  const body = requestBody(ctx, messageOf(input), undefined);
  return {
    method: 'POST',
    url,
    headers: { 'user-agent': 'maestro', accept: '*/*', 'content-type': 'application/json; charset=utf-8', ...headers },
    body,
  };
}

/** Where the payload says what to connect to, the worker's rules hold; what a secret says is the operator's own word. */
function rulesFor(ctx: RunContext, { webhook, apiUrl, proxy }: SlackInput): EgressRules | undefined {
  if (ctx.egress === undefined) return undefined;
  return webhook === undefined && apiUrl === undefined && proxy === undefined ? undefined : egressOf(ctx);
}
