/**
 * A value with expressions in it, as plain JSON. A string, number, boolean, null or array stands for itself;
 * an object with exactly one key that starts with `$` is one of the nodes below; any other object stands for itself.
 */
export type Template =
  | null
  | boolean
  | number
  | string
  | Template[]
  | { [key: string]: Template }
  /** CEL source; the value keeps its type. */
  | { $cel: string }
  /** Parts joined to one string; expressions among them are converted to text. */
  | { $text: (string | { $cel: string })[] }
  /** A secret's name; becomes text only inside the worker, at `execute`. */
  | { $secret: string }
  /** An object one of whose own keys starts with `$`. */
  | { $map: [key: string, value: Template][] };
