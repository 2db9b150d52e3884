import type { ServerResponse } from 'node:http';
import type { RunContext } from '@summit/maestro-sdk';
import { createTestContext } from '@summit/maestro-sdk/testing';
import { describe, expect, it } from 'vitest';
import { closedPort, json, type Seen, serve } from '../../test/support/http.ts';
import type { SlackInput } from '../slack/schemas.ts';
import { notifySlack } from './notify.slack.ts';

const TOKEN = 'a-plain-token-of-a-bot';
const PATH = '/services/T000/B000/a-plain-webhook-secret';
type Failure = Error & { code: string; retryable: boolean; retryAfterMs?: number; details?: unknown };

/** Posts within a worker that allows nothing, unless it is given a context. */
async function post(input: SlackInput, context: Parameters<typeof createTestContext>[0] = {}) {
  await using ctx = createTestContext({
    egress: { allow: ['127.0.0.1'] },
    secrets: { SLACK_BOT_TOKEN: TOKEN },
    ...context,
    task: notifySlack,
  });
  return (await notifySlack.execute(ctx, { payload: input })).payload;
}

const failure = (input: SlackInput, context?: Parameters<typeof createTestContext>[0]) =>
  post(input, context).then(
    () => Promise.reject(new Error('was accepted')),
    (error: unknown) => {
      const found = error as Failure;
      const shown = `${found.message} ${JSON.stringify(found.details ?? null)} ${String(found.stack)} ${String(found.cause)}`;
      expect(shown).not.toContain(TOKEN);
      expect(shown).not.toContain('a-plain-webhook-secret');
      return found;
    },
  );

/** As the Web API answers: HTTP 200, and what is wrong in the body. */
const api = (answer: object, status = 200, headers: Record<string, string> = {}) =>
  serve((_: Seen, response: ServerResponse) => json(response, answer, status, headers));
const hook = (text: string, status = 200) =>
  serve((_: Seen, response: ServerResponse) => response.writeHead(status, { 'content-type': 'text/html' }).end(text));

describe('with a channel', () => {
  it('posts to chat.postMessage with the token, everything in Slack’s words', async () => {
    await using server = await api({ ok: true, ts: '1503435956.000247', channel: 'C012', message: { text: 'hi' } });
    const output = await post({
      channel: '#ops',
      text: 'hi',
      blocks: [{ type: 'divider' }],
      attachments: [{ color: '#36a64f', text: 'a' }],
      threadTs: '1503435956.000100',
      replyBroadcast: true,
      unfurlLinks: false,
      unfurlMedia: true,
      mrkdwn: false,
      linkNames: true,
      parse: 'full',
      username: 'deploys',
      iconEmoji: ':ship:',
      apiUrl: `${server.url}/api/`,
    });
    expect(output).toEqual({ ok: true, ts: '1503435956.000247', channel: 'C012' });
    const [seen] = server.requests;
    expect(seen).toMatchObject({
      method: 'POST',
      url: '/api/chat.postMessage',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json; charset=utf-8' },
    });
    expect(JSON.parse(seen?.body ?? '')).toEqual({
      channel: '#ops',
      text: 'hi',
      blocks: [{ type: 'divider' }],
      attachments: [{ color: '#36a64f', text: 'a' }],
      thread_ts: '1503435956.000100',
      reply_broadcast: true,
      unfurl_links: false,
      unfurl_media: true,
      mrkdwn: false,
      link_names: true,
      parse: 'full',
      username: 'deploys',
      icon_emoji: ':ship:',
    });
  });

  it.each([
    ['channel_not_found', false, 'to a private one the app has to be invited'],
    ['not_in_channel', false, 'invite the app'],
    ['is_archived', false, 'archived'],
    ['invalid_auth', false, 'the secret SLACK_BOT_TOKEN is not accepted'],
    ['token_revoked', false, 'not accepted'],
    ['account_inactive', false, 'not accepted'],
    ['msg_too_long', false, ''],
    ['something_new', false, ''],
    ['internal_error', true, ''],
    ['fatal_error', true, ''],
    ['service_unavailable', true, ''],
  ])('%s becomes a code; worth another attempt: %s', async (error, retryable, hint) => {
    await using server = await api({ ok: false, error });
    const failed = await failure({ channel: 'C1', text: 'hi', apiUrl: server.url });
    expect(failed).toMatchObject({ code: `SLACK_${error.toUpperCase()}`, retryable });
    expect(failed.message).toContain(`Slack refused the message to the channel C1: ${error}`);
    expect(failed.message).toContain(hint);
  });

  it('names the scope that is missing, and those that are there', async () => {
    await using server = await api({ ok: false, error: 'missing_scope', needed: 'chat:write', provided: 'channels:read,users:read' });
    expect(await failure({ channel: 'C1', text: 'hi', apiUrl: server.url })).toMatchObject({
      code: 'SLACK_MISSING_SCOPE',
      message: expect.stringContaining('needs the scope chat:write, and has channels:read,users:read'),
      details: { needed: 'chat:write', provided: 'channels:read,users:read' },
    });
  });

  it('says what is wrong with blocks, as Slack says it', async () => {
    await using server = await api({
      ok: false,
      error: 'invalid_blocks',
      response_metadata: { messages: ['[ERROR] missing required field: text'] },
    });
    expect((await failure({ channel: 'C1', text: 'hi', apiUrl: server.url })).message).toContain('missing required field: text');
  });

  it('waits as long as Slack asks for, and sends it again', async () => {
    await using server = await serve((_, response, count) =>
      count === 1
        ? json(response, { ok: false, error: 'ratelimited' }, 429, { 'retry-after': '1' })
        : json(response, { ok: true, ts: '1.2', channel: 'C1' }),
    );
    const began = performance.now();
    expect(await post({ channel: 'C1', text: 'hi', apiUrl: server.url })).toMatchObject({ ok: true });
    expect(performance.now() - began).toBeGreaterThan(900);
    expect(server.requests).toHaveLength(2);
  });

  it('is not asked again at once, whatever it says of the wait', async () => {
    for (const wait of ['0', '-5', 'soon', '99999999999']) {
      await using server = await api({ ok: false, error: 'ratelimited' }, 429, { 'retry-after': wait });
      const error = await failure({ channel: 'C1', text: 'hi', apiUrl: server.url, timeoutMs: 900 });
      expect(error, wait).toMatchObject({ code: 'SLACK_RATELIMITED', retryable: true });
      expect(server.requests).toHaveLength(1);
    }
  });

  it('that answers something else than Slack is an error of its own, however it answers', async () => {
    for (const answer of ['null', '[]', '{"ok":"true"}', '{"ok":false,"error":{"a":1}}', 'OK', 'x'.repeat(300_000)]) {
      await using server = await serve((_, response) => response.end(answer));
      const error = await failure({ channel: 'C1', text: 'hi', apiUrl: server.url });
      expect(error, answer.slice(0, 40)).toMatchObject({ code: 'SLACK_RESPONSE_UNEXPECTED', retryable: false });
    }
  });

  it('leaves a wait that is longer than the call to the engine', async () => {
    await using server = await api({ ok: false, error: 'ratelimited' }, 429, { 'retry-after': '60' });
    expect(await failure({ channel: 'C1', text: 'hi', apiUrl: server.url })).toMatchObject({
      code: 'SLACK_RATELIMITED',
      retryable: true,
      retryAfterMs: 60_000,
    });
    expect(server.requests).toHaveLength(1);
  });

  it('without a token says which secret it misses', async () => {
    expect(await failure({ channel: 'C1', text: 'hi' }, { secrets: {} })).toMatchObject({
      code: 'SECRET_MISSING',
      message: expect.stringContaining('SLACK_BOT_TOKEN'),
    });
    expect(await failure({ channel: 'C1', text: 'hi' }, { secrets: { SLACK_BOT_TOKEN: 'two words\nand a line' } })).toMatchObject({
      code: 'SLACK_INVALID_AUTH',
    });
  });

  it.each([
    [200, 'not JSON', 'SLACK_RESPONSE_UNEXPECTED', false],
    [200, '[]', 'SLACK_RESPONSE_UNEXPECTED', false],
    [200, 'null', 'SLACK_RESPONSE_UNEXPECTED', false],
    [302, '', 'SLACK_RESPONSE_UNEXPECTED', false],
    [502, '<html>', 'SLACK_UNAVAILABLE', true],
    [429, '', 'SLACK_RATELIMITED', true],
    [200, '{"ok":false,"error":"Ev1l {}"}', 'SLACK_REFUSED', false],
  ])('%i %j is %s', async (status, text, code, retryable) => {
    await using server = await serve((_, response) => response.writeHead(status, { location: '/elsewhere' }).end(text));
    expect(await failure({ channel: 'C1', text: 'hi', apiUrl: server.url })).toMatchObject({ code, retryable });
    expect(server.requests).toHaveLength(1);
  });
});

describe('with a webhook', () => {
  it('of the secret posts the text', async () => {
    await using server = await hook('ok');
    const ended = await post({ text: 'hi' }, { secrets: { SLACK_WEBHOOK_URL: `${server.url}${PATH}\n` }, egress: { allow: [] } });
    expect(ended).toEqual({ ok: true });
    expect(server.requests).toMatchObject([{ url: PATH, body: '{"text":"hi"}' }]);
  });

  it('of the input works in a context that is empty', async () => {
    await using server = await hook('ok');
    const { payload } = await notifySlack.execute({} as RunContext, { payload: { webhook: `${server.url}/x`, text: 'hi' } });
    expect(payload).toEqual({ ok: true });
  });

  it('of the input is held to the rules of a worker, its path is not shown', async () => {
    await using server = await hook('ok');
    const denied = await failure({ webhook: `${server.url}${PATH}`, text: 'hi' }, { egress: { allow: [] } });
    expect(denied).toMatchObject({ code: 'SLACK_EGRESS_DENIED', retryable: false });
    expect(denied.message).toContain(server.url);
    expect(server.requests).toEqual([]);
  });

  it.each([
    ['no_service', 404, 'make another webhook'],
    ['invalid_payload', 400, 'blocks'],
    ['channel_is_archived', 410, 'archived'],
    ['action_prohibited', 403, 'administrator'],
    ['channel_not_found', 404, ''],
    ['invalid_token', 403, 'make another webhook'],
  ])('%s becomes a code', async (word, status, hint) => {
    await using server = await hook(word, status);
    const failed = await failure({ webhook: `${server.url}${PATH}`, text: 'hi' });
    expect(failed).toMatchObject({ code: `SLACK_${word.toUpperCase()}`, retryable: false });
    expect(failed.message).toContain(hint);
    expect(failed.message).toContain(`the webhook at 127.0.0.1:${server.port}`);
  });

  it('answering anything but ok is an error', async () => {
    await using server = await hook('<html>Welcome</html>');
    expect(await failure({ webhook: `${server.url}${PATH}`, text: 'hi' })).toMatchObject({ code: 'SLACK_RESPONSE_UNEXPECTED' });
    await using broken = await hook('rollup_error', 500);
    expect(await failure({ webhook: `${broken.url}${PATH}`, text: 'hi' })).toMatchObject({ code: 'SLACK_ROLLUP_ERROR', retryable: true });
  });

  it('that is none is an error that does not repeat it', async () => {
    for (const SLACK_WEBHOOK_URL of ['a-plain-webhook-secret', 'ftp://a-plain-webhook-secret/', 'https://me:a-plain-webhook-secret@x/']) {
      expect(await failure({ text: 'hi' }, { secrets: { SLACK_WEBHOOK_URL } })).toMatchObject({ code: 'SLACK_WEBHOOK_INVALID' });
    }
    expect(await failure({ text: 'hi' }, { secrets: {} })).toMatchObject({ code: 'SECRET_MISSING' });
  });

  it('is named by its host in previews', () => {
    expect(notifySlack.resources?.({ text: 'x', webhook: `https://hooks.slack.com${PATH}` })).toEqual([
      { type: 'slack.webhook', id: 'hooks.slack.com' },
    ]);
    expect(notifySlack.resources?.({ text: 'x' })).toEqual([{ type: 'slack.webhook', id: 'SLACK_WEBHOOK_URL' }]);
    expect(notifySlack.resources?.({ text: 'x', channel: 'C1' })).toEqual([{ type: 'slack.channel', id: 'C1' }]);
  });
});

describe('what Slack would refuse', () => {
  const blocks = (count: number) => Array.from({ length: count }, () => ({ type: 'divider' }));
  it.each([
    [{ text: '' }, 'SLACK_NO_TEXT'],
    [{ text: 'x'.repeat(40_001) }, 'SLACK_MSG_TOO_LONG'],
    [{ blocks: blocks(51) }, 'SLACK_INVALID_BLOCKS'],
    [{ blocks: [{ text: 'no type' }] }, 'SLACK_INVALID_BLOCKS'],
    [{ attachments: Array.from({ length: 101 }, () => ({})) }, 'SLACK_TOO_MANY_ATTACHMENTS'],
    [{ threadTs: 'yesterday' }, 'SLACK_INVALID_THREAD_TS'],
    [{ replyBroadcast: true }, 'INVALID_INPUT'],
    [{ webhook: 'https://hooks.slack.com/x' }, 'INVALID_INPUT'],
    [{ channel: undefined, token: 't' }, 'INVALID_INPUT'],
  ] as [Partial<SlackInput>, string][])('%o is %s before anything is sent', async (input, code) => {
    await using server = await api({ ok: true });
    expect(await failure({ channel: 'C1', text: 'hi', apiUrl: server.url, ...input })).toMatchObject({ code, retryable: false });
    expect(server.requests).toEqual([]);
  });

  it('is nothing below the limits', async () => {
    await using server = await api({ ok: true });
    expect(await post({ channel: 'C1', text: 'x'.repeat(40_000), blocks: blocks(50), apiUrl: server.url })).toEqual({ ok: true });
  });
});

describe('bad weather', () => {
  it('has a code each, and ends in time', async () => {
    await using silent = await serve(() => {});
    await using cutting = await serve((_, response) => response.socket?.destroy());
    const hooked = (url: string, more: Partial<SlackInput> = {}) => failure({ webhook: `${url}${PATH}`, text: 'hi', ...more });
    const [refused, late, cut] = await Promise.all([
      hooked(`http://127.0.0.1:${await closedPort()}`),
      hooked(silent.url, { timeoutMs: 200 }),
      hooked(cutting.url),
    ]);
    expect(refused).toMatchObject({ code: 'SLACK_UNREACHABLE', retryable: true });
    expect(late).toMatchObject({ code: 'SLACK_TIMEOUT', retryable: true });
    expect(cut).toMatchObject({ code: 'SLACK_CUT', retryable: true });
  });
});
