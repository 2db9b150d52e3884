export { editDistance, nearest } from './near.ts';
export { choices, counted, cut, didYouMean, quoted, visible } from './words.ts';
