export { type Balancer, balancer } from './balancer.ts';
export { type Certificates, certificates, type KeyPair } from './certificates.ts';
export { type FaultProxy, faultProxy } from './fault-proxy.ts';
export { type Kafka, kafka, kafkaBehindProxy } from './kafka.ts';
export { type Nats, nats } from './nats.ts';
export { freePorts } from './ports.ts';
export { type Postgres, postgres } from './postgres.ts';
export { type Nodes, type RestateNode, restateNodes } from './restate.ts';
export { type S3, s3 } from './s3.ts';
