import { Failure } from '../errors.ts';
import { DEFAULT_LIMITS, type ExpressionLimits } from '../limits.ts';

/** What the evaluation that is on may still cost. Evaluation is synchronous, so there is one at a time. */
let left = DEFAULT_LIMITS.work;
let limits: ExpressionLimits = DEFAULT_LIMITS;
/** See {@link remembered}; made when it is needed. */
let memory: Map<string, unknown> | undefined;

/** Runs `evaluate` with the work that its limits allow; an evaluation inside an evaluation has its own. */
export function metered<A, B, T>(allowed: ExpressionLimits, evaluate: (a: A, b: B) => T, a: A, b: B): T {
  const outerLeft = left;
  const outerLimits = limits;
  const outerMemory = memory;
  left = allowed.work;
  limits = allowed;
  memory = undefined;
  try {
    const result = evaluate(a, b);
    // CEL's `||`, `&&` and quantifiers forget errors that do not decide; this one has to be heard.
    if (left < 0) throw tooMuchWork();
    return result;
  } finally {
    left = outerLeft;
    limits = outerLimits;
    memory = outerMemory;
  }
}

/** The limits of the evaluation that is on. */
export function currentLimits(): ExpressionLimits {
  return limits;
}

/** Notes work, see {@link ExpressionLimits.work}. */
export function spend(units: number): void {
  left -= units;
  if (left < 0) throw tooMuchWork();
}

/** Notes work on a text: a unit reads some 16 characters. */
export function spendText(length: number): void {
  if (length >= 16) spend(length >>> 4);
}

/** Notes an error that an expression survives, as in `a.b || true`: making one costs far more than evaluating a node. */
export function spendError(error: unknown): void {
  spend(error instanceof Failure ? 20 : 400);
}

/** Refuses a text that would be longer than a result may be; to be called before it is made. */
export function roomForText(length: number): void {
  if (length > limits.resultText) {
    throw new Failure('expression-limit', `a text would be ${length} characters long; the limit is ${limits.resultText}`);
  }
  spendText(length);
}

/** Makes something once per evaluation, so that what it costs does not depend on what was evaluated before. */
export function remembered<T>(key: string, make: () => T): T {
  memory ??= new Map();
  let value = memory.get(key) as T | undefined;
  if (value === undefined) {
    value = make();
    memory.set(key, value);
  }
  return value;
}

function tooMuchWork(): Failure {
  return new Failure(
    'expression-limit',
    'the expression is too much work: a list inside a list multiplies, and so does a long text for every element; filter first, or do it in a task',
  );
}
