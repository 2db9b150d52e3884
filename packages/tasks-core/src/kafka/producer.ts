import { isTaskError } from '@summit/maestro-sdk';
import { abortableSleep, orAbort } from '@summit/maestro-sdk/abort';
// kafkajs is CommonJS whose names Node does not see.
import kafkajs, { type CompressionTypes, type KafkaConfig, type Mechanism, type Producer, type SASLOptions } from 'kafkajs';
import { type Tls, tlsOptions } from '../connection/tls.ts';
import type { Login } from './config.ts';
import { causes, kafkaFailure } from './failure.ts';
import type { Outgoing } from './message.ts';
import { oauthBearer } from './oauth-bearer.ts';
import { Partitions, SeveralLeaders } from './partitions.ts';
import { correctRequestQueue } from './request-queue.ts';
import { Sockets } from './sockets.ts';
import { Turns } from './turns.ts';

/** How long a broker may take to answer a request before it is asked again, in milliseconds. */
const REQUEST_MS = 30_000;
/** Waits between tries, in milliseconds. */
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 1_000;
/** What a clean goodbye may take, in milliseconds. */
const GOODBYE_MS = 1_000;
/** kafkajs counts sequence numbers wrongly when they reach 2^31; a producer is replaced long before. */
const MOST_MESSAGES = 2 ** 30;

export interface ProducerConfig {
  brokers: readonly string[];
  clientId: string;
  connectTimeoutMs: number;
  idempotent: boolean;
  ssl?: Tls;
  login?: Login;
}

/** Messages for one topic, in the order they are to be written in. */
export interface Request {
  topic: string;
  acks: -1 | 0 | 1;
  compression: CompressionTypes;
  messages: Outgoing[];
  /** Told of each failure that is waited out. */
  failing(error: Error): void;
}

/** What one broker has written: `count` messages of `partition` from `baseOffset` on. */
export interface Written {
  partition: number;
  baseOffset: string;
  count: number;
}

/** The producer cannot be used any more, and has sent nothing of the request. */
export class ProducerRetired extends Error {
  override name = 'ProducerRetired';
}

/**
 * A long-lived kafkajs producer that does what it is told.
 *
 * kafkajs's idempotent producer gives the sequence numbers of a failed request to the next one. Where another request is sent before the
 * retry, the broker takes it for the one it has already and kafkajs reports it as written: it is lost, and the retried one is doubled.
 * So an idempotent producer sends one request at a time, until it is accepted; and one that has failed is never used again.
 */
export class KafkaProducer {
  readonly #config: ProducerConfig;
  readonly #sockets = new Sockets();
  readonly #partitions = new Partitions();
  readonly #turns = new Turns();
  readonly #producer: Producer;
  readonly #topics = new Set<string>();
  #closed = false;
  #retired = false;
  #sent = 0;

  constructor(config: ProducerConfig) {
    this.#config = config;
    const { brokers, clientId, connectTimeoutMs, idempotent } = config;
    const ssl = tlsOptions(config.ssl);
    correctRequestQueue();
    const kafka = new kafkajs.Kafka({
      clientId,
      // A retry that goes on after the end is left waiting here for good, and is collected with the rest of the producer.
      brokers: () => (this.#closed ? new Promise<never>(() => {}) : [...brokers]),
      ...(ssl === undefined ? {} : { ssl }),
      ...(config.login === undefined ? {} : { sasl: saslOf(config.login) }),
      connectionTimeout: connectTimeoutMs,
      authenticationTimeout: connectTimeoutMs,
      requestTimeout: REQUEST_MS,
      socketFactory: this.#sockets.factory,
      // Short tries; how long to go on is for the caller to say.
      retry: { retries: Math.max(3, brokers.length), initialRetryTime: FIRST_WAIT_MS, maxRetryTime: 4 * FIRST_WAIT_MS },
      // What it would print is in the errors, and would not know what a secret is.
      logLevel: kafkajs.logLevel.NOTHING,
      logCreator: () => () => {},
    } satisfies KafkaConfig);
    this.#producer = kafka.producer({ idempotent, allowAutoTopicCreation: false, createPartitioner: this.#partitions.partitioner });
  }

  /** Connects and logs in; gives up when `signal` is aborted. */
  async open(signal: AbortSignal): Promise<this> {
    const stop = () => this.#end();
    signal.addEventListener('abort', stop, { once: true });
    try {
      await this.#producer.connect();
      return this;
    } catch (error) {
      this.#end();
      throw kafkaFailure(error, { brokers: this.#config.brokers });
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** True when it must not be used any more. */
  get retired(): boolean {
    return this.#retired;
  }

  get healthy(): boolean {
    return !this.#retired && this.#sockets.standing;
  }

  /**
   * Resolves when all messages of the request are written, and goes on trying until `signal` is aborted. Throws a `TaskError`, or
   * `ProducerRetired` where another producer has to send it.
   */
  async send(request: Request, signal: AbortSignal): Promise<Written[]> {
    const done = this.#config.idempotent ? await this.#turns.take(signal) : undefined;
    try {
      if (this.#retired) throw new ProducerRetired();
      this.#topics.add(request.topic);
      const written = await this.#deliver(request, request.messages, signal);
      this.#sent += request.messages.length;
      if (this.#sent > MOST_MESSAGES) this.#retired = true;
      return written;
    } catch (error) {
      const unknown = isTaskError(error) && error.code === 'KAFKA_TOPIC_UNKNOWN';
      // Without sequence numbers only a connection that does not answer is of no further use.
      if (this.#config.idempotent || unknown || (isTaskError(error) && error.retryable)) this.#retired = true;
      // kafkajs asks for all topics together, so it may be another one that is gone since.
      if (unknown && this.#topics.size > 1) throw new ProducerRetired();
      throw error;
    } finally {
      done?.();
    }
  }

  /** Says goodbye where that is quick, and leaves no connection. */
  async close(): Promise<void> {
    this.#closed = true;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, GOODBYE_MS);
    });
    // A connection that is not answering cannot be said goodbye to.
    if (!this.#retired) await Promise.race([this.#producer.disconnect().catch(() => {}), late]);
    clearTimeout(timer);
    this.#end();
  }

  #end(): void {
    this.#closed = true;
    this.#retired = true;
    this.#sockets.close();
  }

  /** Sends to each broker what is for it; all have ended when it throws what the first has failed with. */
  async #deliver(request: Request, messages: Outgoing[], signal: AbortSignal): Promise<Written[]> {
    const groups = this.#partitions.byLeader(request.topic, messages);
    if (groups.length === 1) return this.#untilWritten(request, messages, signal);
    const results = await Promise.allSettled(groups.map((group) => this.#untilWritten(request, group, signal)));
    return results.flatMap((result) => {
      if (result.status === 'rejected') throw result.reason;
      return result.value;
    });
  }

  async #untilWritten(request: Request, messages: Outgoing[], signal: AbortSignal): Promise<Written[]> {
    for (let wait = FIRST_WAIT_MS; ; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
      signal.throwIfAborted();
      try {
        return await orAbort(this.#once(request, messages), signal);
      } catch (error) {
        if (signal.aborted) throw error;
        const divided = causes(error).some((each) => each instanceof SeveralLeaders);
        if (divided && this.#partitions.byLeader(request.topic, messages).length > 1) return this.#deliver(request, messages, signal);
        const place = { brokers: this.#config.brokers, topic: request.topic };
        const failure = kafkaFailure(error, messages.length === 1 ? { ...place, index: messages[0]?.index as number } : place);
        if (failure.code === 'KAFKA_MESSAGE_TOO_LARGE' && messages.length > 1) return this.#inParts(request, messages, signal);
        if (!failure.retryable || failure.code === 'KAFKA_PRODUCER_LOST') throw failure;
        request.failing(failure);
      }
      await abortableSleep(wait, signal);
    }
  }

  /**
   * Sends again in smaller batches what was too large together. First by partition, each as it was: where the broker has written it
   * already, an idempotent producer's sequence numbers tell.
   */
  async #inParts(request: Request, messages: Outgoing[], signal: AbortSignal): Promise<Written[]> {
    const byPartition = [...Map.groupBy(messages, ({ partition }) => partition).values()];
    const middle = Math.ceil(messages.length / 2);
    const parts = byPartition.length > 1 ? byPartition : [messages.slice(0, middle), messages.slice(middle)];
    const written: Written[] = [];
    for (const part of parts) written.push(...(await this.#untilWritten(request, part, signal)));
    return written;
  }

  async #once({ topic, acks, compression }: Request, messages: Outgoing[]): Promise<Written[]> {
    for (const message of messages) message.lead = messages[0] as Outgoing;
    const results = await this.#producer.send({ topic, acks, compression, timeout: REQUEST_MS, messages: messages as never });
    if (acks === 0) return [];
    const counts = new Map<number, number>();
    for (const { partition } of messages) counts.set(partition as number, (counts.get(partition as number) ?? 0) + 1);
    return results.map(({ partition, baseOffset }) => ({ partition, baseOffset: baseOffset as string, count: counts.get(partition) ?? 0 }));
  }
}

function saslOf({ mechanism, username = '', password = '', token = '' }: Login): SASLOptions | Mechanism {
  return mechanism === 'oauthbearer' ? oauthBearer(token) : ({ mechanism, username, password } as SASLOptions);
}
