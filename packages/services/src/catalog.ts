import { kafkaService } from './kafka.ts';
import { natsService } from './nats.ts';
import { postgresService } from './postgres.ts';
import { s3Service } from './s3.ts';
import type { Service } from './service.ts';

export type ServiceName = 'kafka' | 'nats' | 'postgres' | 's3';

/** Every service, under the name that its function has. */
export const SERVICES: Readonly<Record<ServiceName, Service<object>>> = {
  kafka: kafkaService,
  nats: natsService,
  postgres: postgresService,
  s3: s3Service,
};
