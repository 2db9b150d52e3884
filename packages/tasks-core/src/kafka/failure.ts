import { isTaskError, TaskError } from '@summit/maestro-sdk';
import { networkFailure } from '../connection/network-failure.ts';

/** What a failure was about. */
export interface Place {
  brokers: readonly string[];
  topic?: string;
  /** What would have been sent, for errors that are about one message. */
  index?: number;
}

interface Sorted {
  code: string;
  passing: boolean;
  /** What to do. */
  hint?: string;
}

const terminal = (code: string, hint?: string): Sorted => ({ code, passing: false, ...(hint === undefined ? {} : { hint }) });
const transient = (code: string, hint?: string): Sorted => ({ code, passing: true, ...(hint === undefined ? {} : { hint }) });

const AUTH = terminal('KAFKA_AUTH_FAILED', 'check the mechanism, and the user name and password, or the token');
const DENIED = terminal('KAFKA_NOT_AUTHORIZED', 'ask for the Write and Describe operations on the topic');
const REFUSED = terminal('KAFKA_RECORD_REFUSED');
const LEADERLESS = transient('KAFKA_LEADER_UNAVAILABLE');
const SEQUENCE = transient('KAFKA_PRODUCER_LOST', 'the next attempt takes a new producer');

/** By the name the protocol gives an error. */
const PROTOCOL: Record<string, Sorted> = {
  UNKNOWN_TOPIC_OR_PARTITION: terminal('KAFKA_TOPIC_UNKNOWN', 'create it first: topics are never created on the fly'),
  INVALID_TOPIC_EXCEPTION: terminal('KAFKA_TOPIC_UNKNOWN', 'a topic name is at most 249 letters, digits, dots, underscores and hyphens'),
  TOPIC_AUTHORIZATION_FAILED: DENIED,
  CLUSTER_AUTHORIZATION_FAILED: terminal('KAFKA_NOT_AUTHORIZED', 'ask for IdempotentWrite on the cluster, or set idempotent: false'),
  MESSAGE_TOO_LARGE: terminal(
    'KAFKA_MESSAGE_TOO_LARGE',
    "raise the topic's max.message.bytes, compress, or send a reference to the content",
  ),
  RECORD_LIST_TOO_LARGE: terminal('KAFKA_MESSAGE_TOO_LARGE', 'lower maxMessageBytes to what a segment of the topic holds'),
  SASL_AUTHENTICATION_FAILED: AUTH,
  UNSUPPORTED_SASL_MECHANISM: AUTH,
  ILLEGAL_SASL_STATE: AUTH,
  NOT_ENOUGH_REPLICAS: transient('KAFKA_NOT_ENOUGH_REPLICAS'),
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: transient('KAFKA_NOT_ENOUGH_REPLICAS'),
  LEADER_NOT_AVAILABLE: LEADERLESS,
  NOT_LEADER_FOR_PARTITION: LEADERLESS,
  BROKER_NOT_AVAILABLE: LEADERLESS,
  REQUEST_TIMED_OUT: transient('KAFKA_TIMEOUT'),
  INVALID_RECORD: terminal(
    'KAFKA_RECORD_REFUSED',
    'a compacted topic takes no message without a key, and a topic with a schema only what fits it',
  ),
  INVALID_TIMESTAMP: terminal(
    'KAFKA_RECORD_REFUSED',
    'message.timestamp.before.max.ms and message.timestamp.after.max.ms of the topic say how far from now it may be',
  ),
  UNSUPPORTED_COMPRESSION_TYPE: REFUSED,
  UNSUPPORTED_FOR_MESSAGE_FORMAT: REFUSED,
  POLICY_VIOLATION: REFUSED,
  CORRUPT_MESSAGE: transient('KAFKA_RECORD_REFUSED'),
  OUT_OF_ORDER_SEQUENCE_NUMBER: SEQUENCE,
  DUPLICATE_SEQUENCE_NUMBER: SEQUENCE,
  INVALID_PRODUCER_EPOCH: SEQUENCE,
  UNKNOWN_PRODUCER_ID: SEQUENCE,
  INVALID_PRODUCER_ID_MAPPING: SEQUENCE,
  UNSUPPORTED_VERSION: terminal('KAFKA_UNSUPPORTED_VERSION', 'the broker and kafkajs have no version of this request in common'),
};

/** By the name kafkajs gives an error. */
const CLIENT: Record<string, Sorted> = {
  KafkaJSSASLAuthenticationError: AUTH,
  KafkaJSConnectionError: transient('KAFKA_UNREACHABLE'),
  KafkaJSConnectionClosedError: transient('KAFKA_UNREACHABLE', 'a listener that wants TLS or SASL hangs up on who does not'),
  KafkaJSBrokerNotFound: LEADERLESS,
  KafkaJSMetadataNotLoaded: LEADERLESS,
  KafkaJSTopicMetadataNotLoaded: LEADERLESS,
  KafkaJSRequestTimeoutError: transient('KAFKA_TIMEOUT'),
  KafkaJSLockTimeout: transient('KAFKA_TIMEOUT'),
  KafkaJSTimeout: transient('KAFKA_TIMEOUT'),
  KafkaJSServerDoesNotSupportApiKey: terminal('KAFKA_UNSUPPORTED_VERSION', 'the broker does not know this request'),
};

/** The one place that sorts what kafkajs and brokers say. Whatever is a `TaskError` already stays what it is. */
export function kafkaFailure(error: unknown, place: Place): TaskError {
  const chain = causes(error);
  const own = chain.find(isTaskError);
  if (own !== undefined) return own;
  const sorted = sort(error, chain);
  const at = place.topic === undefined ? `Kafka at ${place.brokers.join(', ')}` : `topic "${place.topic}" at ${place.brokers.join(', ')}`;
  const which = place.index === undefined ? '' : `, message ${place.index}`;
  // OpenSSL ends its messages with a new line.
  const said = (networkFailure(error)?.reason ?? messageOf(chain.at(-1))).replaceAll(/\s+/g, ' ');
  const message = `${at}${which}: ${said}${sorted.hint === undefined ? '' : `; ${sorted.hint}`}`;
  return new TaskError(message, { code: sorted.code, retryable: sorted.passing, cause: error });
}

function sort(error: unknown, chain: readonly unknown[]): Sorted {
  for (const each of chain) {
    const { type, name } = each as { type?: unknown; name?: unknown };
    const byProtocol = typeof type === 'string' && Object.hasOwn(PROTOCOL, type) ? PROTOCOL[type] : undefined;
    if (byProtocol !== undefined) return byProtocol;
    if (name === 'KafkaJSSASLAuthenticationError') return AUTH;
  }
  const network = networkFailure(error);
  if (network?.kind === 'tls')
    return terminal('KAFKA_TLS_FAILED', 'check ssl.ca, ssl.serverName and the client certificate, and that the listener speaks TLS');
  if (network !== undefined)
    return transient('KAFKA_UNREACHABLE', /secure TLS/.test(network.reason) ? 'does the listener speak TLS?' : undefined);
  for (const each of chain) {
    const { name } = each as { name?: unknown };
    const byClient = typeof name === 'string' && Object.hasOwn(CLIENT, name) ? CLIENT[name] : undefined;
    if (byClient !== undefined) return byClient;
  }
  return chain.some((each) => (each as { retriable?: unknown }).retriable === true) ? transient('KAFKA_FAILED') : terminal('KAFKA_FAILED');
}

/** An error and what is behind it, outermost first. */
export function causes(error: unknown): object[] {
  const chain: object[] = [];
  for (let each = error; typeof each === 'object' && each !== null && !chain.includes(each); each = (each as { cause?: unknown }).cause) {
    chain.push(each);
  }
  return chain;
}

function messageOf(error: unknown): string {
  return error instanceof Error && error.message !== '' ? error.message : 'failed';
}
