import { kafkaService } from './kafka.ts';
import { natsService } from './nats.ts';
import { durablePostgresService, postgresService } from './postgres.ts';
import { redisService } from './redis.ts';
import { s3Service } from './s3.ts';
import type { Service } from './service.ts';

export type ServiceName = 'kafka' | 'nats' | 'postgres' | 's3';

/** Every service that tests use, under the name that its function has. */
export const SERVICES: Readonly<Record<ServiceName, Service<object>>> = {
  kafka: kafkaService,
  nats: natsService,
  postgres: postgresService,
  s3: s3Service,
};

/** Those that only measurements use; no test needs one, and none is started unless it is named. */
export const MEASURED: Readonly<Record<string, Service<object>>> = {
  'postgres-durable': durablePostgresService,
  redis: redisService,
};
