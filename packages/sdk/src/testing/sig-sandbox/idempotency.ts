import { createHash } from 'node:crypto';
import { canonicalJson } from '../../canonical.ts';
import { Refusal } from './refusal.ts';

interface Known {
  digest: string;
  answer: unknown;
}

/** What was answered to which key, as far back as `limit` keys. */
export class Idempotency {
  readonly #limit: number;
  readonly #known = new Map<string, Known>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The answer to the first request with this key, or that of `effect`, which is then remembered. Throws a 422 where the body is another one. */
  once<T>(scope: string, key: string, body: unknown, effect: () => T): { answer: T; replayed: boolean } {
    const id = `${scope} ${key}`;
    const digest = createHash('sha256').update(canonicalJson(body)).digest('hex');
    const known = this.#known.get(id);
    if (known === undefined) {
      const answer = effect();
      this.#known.set(id, { digest, answer });
      if (this.#known.size > this.#limit) this.#known.delete(this.#known.keys().next().value as string);
      return { answer, replayed: false };
    }
    if (known.digest !== digest) {
      throw new Refusal(422, 'idempotency_key_reused', `idempotency-key: ${key} was used before, with another body`);
    }
    return { answer: known.answer as T, replayed: true };
  }
}
