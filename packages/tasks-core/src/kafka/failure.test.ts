import { isTaskError, TaskError } from '@summit/maestro-sdk';
import { describe, expect, it } from 'vitest';
import { kafkaFailure } from './failure.ts';

const place = { brokers: ['a:1', 'b:2'], topic: 'orders' };
const protocol = (type: string, retriable = false) =>
  Object.assign(new Error(type.toLowerCase()), { name: 'KafkaJSProtocolError', type, retriable });
const client = (name: string, more: object = {}) => Object.assign(new Error(`it was ${name}`), { name, retriable: true, ...more });

describe('what kafkajs says', () => {
  it.each([
    [protocol('UNKNOWN_TOPIC_OR_PARTITION', true), 'KAFKA_TOPIC_UNKNOWN', false],
    [protocol('TOPIC_AUTHORIZATION_FAILED'), 'KAFKA_NOT_AUTHORIZED', false],
    [protocol('CLUSTER_AUTHORIZATION_FAILED'), 'KAFKA_NOT_AUTHORIZED', false],
    [protocol('MESSAGE_TOO_LARGE'), 'KAFKA_MESSAGE_TOO_LARGE', false],
    [protocol('SASL_AUTHENTICATION_FAILED'), 'KAFKA_AUTH_FAILED', false],
    [protocol('NOT_ENOUGH_REPLICAS', true), 'KAFKA_NOT_ENOUGH_REPLICAS', true],
    [protocol('NOT_LEADER_FOR_PARTITION', true), 'KAFKA_LEADER_UNAVAILABLE', true],
    [protocol('OUT_OF_ORDER_SEQUENCE_NUMBER'), 'KAFKA_PRODUCER_LOST', true],
    [protocol('INVALID_RECORD'), 'KAFKA_RECORD_REFUSED', false],
    [protocol('SOME_NEW_ERROR', true), 'KAFKA_FAILED', true],
    [protocol('KAFKAJS_UNKNOWN_ERROR_CODE'), 'KAFKA_FAILED', false],
    [client('KafkaJSRequestTimeoutError'), 'KAFKA_TIMEOUT', true],
    [client('KafkaJSConnectionError', { code: 'ECONNREFUSED' }), 'KAFKA_UNREACHABLE', true],
    [client('KafkaJSConnectionError', { code: 'ENOTFOUND' }), 'KAFKA_UNREACHABLE', true],
    [client('KafkaJSConnectionError', { code: 'ERR_TLS_CERT_ALTNAME_INVALID' }), 'KAFKA_TLS_FAILED', false],
    [client('KafkaJSConnectionClosedError'), 'KAFKA_UNREACHABLE', true],
    [client('KafkaJSSASLAuthenticationError', { retriable: false }), 'KAFKA_AUTH_FAILED', false],
    [client('TypeError', { retriable: undefined }), 'KAFKA_FAILED', false],
  ])('%s is sorted as %s', (error, code, retryable) => {
    for (const said of [error, client('KafkaJSNumberOfRetriesExceeded', { retriable: false, cause: error })]) {
      const failure = kafkaFailure(said, place);
      expect(failure).toMatchObject({ code, retryable, cause: said });
      expect(failure.message).toContain('topic "orders" at a:1, b:2');
      expect(failure.message).toContain(error.message);
    }
  });

  it('that is an error of ours already stays what it is', () => {
    const own = TaskError.terminal('KAFKA_PARTITION_UNKNOWN', 'no partition 9');
    expect(kafkaFailure(client('KafkaJSNumberOfRetriesExceeded', { cause: own }), place)).toBe(own);
    expect(isTaskError(kafkaFailure('odd', place))).toBe(true);
  });
});
