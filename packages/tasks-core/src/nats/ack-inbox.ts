import type { Msg, NatsConnection } from 'nats';

/** Takes what answers come to the messages of one call, by the index of the message. */
export type AckHandler = (index: number, answer: Msg) => void;

/** Where JetStream's answers arrive: one subscription of a connection for all its calls, made by the first. */
export class AckInbox {
  readonly #nc: NatsConnection;
  readonly #inbox: string;
  readonly #calls = new Map<string, AckHandler>();
  #subscribed = false;
  #next = 0;

  constructor(nc: NatsConnection, inbox: string) {
    this.#nc = nc;
    this.#inbox = inbox;
  }

  /** The subject that answers to the messages of a call begin with; `close` it when none is waited for any more. */
  open(handler: AckHandler): { replyTo(index: number): string; close(): void } {
    if (!this.#subscribed) {
      this.#nc.subscribe(`${this.#inbox}.*.*`, { callback: (_, answer) => this.#dispatch(answer) });
      this.#subscribed = true;
    }
    const call = (this.#next++).toString(36);
    this.#calls.set(call, handler);
    return {
      replyTo: (index) => `${this.#inbox}.${call}.${index}`,
      close: () => void this.#calls.delete(call),
    };
  }

  /** True where `subject` is the one that answers are expected under. */
  owns(subject: string): boolean {
    return subject.startsWith(`${this.#inbox}.`);
  }

  #dispatch(answer: Msg): void {
    // An error of the subscription comes with an empty message; the connection's watchers tell of it.
    if (typeof answer.subject !== 'string') return;
    const { subject } = answer;
    const start = this.#inbox.length + 1;
    const dot = subject.indexOf('.', start);
    this.#calls.get(subject.slice(start, dot))?.(Number(subject.slice(dot + 1)), answer);
  }
}
