export { serverBinary } from './binary.ts';
export { alive, identify, type ProcessIdentity } from './process-identity.ts';
export { type EmbeddedOptions, EmbeddedServer, embeddedClient } from './server.ts';
