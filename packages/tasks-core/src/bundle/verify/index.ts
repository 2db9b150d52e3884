export { Problems } from './problems.ts';
export { parsePublicKey } from './signature.ts';
export { checkBundle } from './verify.ts';
