import { matchesPattern } from './pattern.ts';

/** How often a repetition may go beyond its least while a longer text is wanted. */
const MOST = 64;

/**
 * A text in which `pattern` is found, of at least `min` and at most `max` characters; undefined where none comes to mind.
 * Knows what patterns of schemas are made of: characters, classes, groups, alternatives, repetitions, anchors.
 */
export function textFor(pattern: string, min: number, max: number): string | undefined {
  for (let extra = 0; extra <= Math.min(MOST, min); extra++) {
    const text = new Writer(pattern, extra).write();
    if (text === undefined) return undefined;
    const length = [...text].length;
    if (length > max) return undefined;
    if (length >= min && matchesPattern(pattern, text)) return text;
  }
  return undefined;
}

/** Writes the first alternative of everything, each repeated as little as allowed and `extra` times more. */
class Writer {
  readonly #pattern: string;
  readonly #extra: number;
  #at = 0;

  constructor(pattern: string, extra: number) {
    this.#pattern = pattern;
    this.#extra = extra;
  }

  write(): string | undefined {
    const text = this.#alternatives();
    return this.#at === this.#pattern.length ? text : undefined;
  }

  #alternatives(): string | undefined {
    const first = this.#sequence();
    while (this.#take('|')) if (this.#sequence() === undefined) return undefined;
    return first;
  }

  #sequence(): string | undefined {
    let text = '';
    while (this.#at < this.#pattern.length && !'|)'.includes(this.#next)) {
      const atom = this.#atom();
      const times = atom === undefined ? undefined : this.#times();
      if (atom === undefined || times === undefined) return undefined;
      text += atom.repeat(times);
    }
    return text;
  }

  #atom(): string | undefined {
    if (this.#take('^') || this.#take('$')) return '';
    if (this.#take('.')) return 'x';
    if (this.#take('[')) return this.#class();
    if (this.#take('\\')) return this.#escape();
    if (!this.#take('(')) return this.#character();
    if (this.#take('?') && !this.#groupName()) return undefined;
    const text = this.#alternatives();
    return this.#take(')') ? text : undefined;
  }

  #groupName(): boolean {
    const name = /^(?::|P?<[A-Za-z_]\w*>)/.exec(this.#pattern.slice(this.#at));
    this.#at += name?.[0].length ?? 0;
    return name !== null;
  }

  #escape(): string | undefined {
    const known: Record<string, string> = { d: '0', w: 'x', s: ' ', D: 'x', W: '-', S: 'x', b: '', t: '\t', n: '\n', r: '\r' };
    const character = this.#character();
    if (character === undefined) return undefined;
    return known[character] ?? (/[A-Za-z0-9]/.test(character) ? undefined : character);
  }

  /** One character that the class after `[` takes: the first of it, or one that a negated class does not name. */
  #class(): string | undefined {
    const negated = this.#take('^');
    const from = this.#at;
    if (this.#next === ']') this.#at += 1;
    while (this.#at < this.#pattern.length && this.#next !== ']') this.#at += this.#next === '\\' ? 2 : 1;
    const body = this.#pattern.slice(from, this.#at);
    if (!this.#take(']')) return undefined;
    const candidates = negated ? 'xA0 -_./' : `${body[0] === '\\' ? '' : body[0]}a0A-_ ./:x`;
    return [...candidates].find((character) => matchesPattern(`^[${negated ? '^' : ''}${body}]$`, character));
  }

  #times(): number | undefined {
    let least = 1;
    let most = 1;
    const counted = /^\{(\d+)(?:(,)(\d*))?\}/.exec(this.#pattern.slice(this.#at));
    if (counted !== null) {
      this.#at += counted[0].length;
      least = Number(counted[1]);
      most = counted[2] === undefined ? least : counted[3] ? Number(counted[3]) : Number.POSITIVE_INFINITY;
    } else if (this.#take('*')) [least, most] = [0, Number.POSITIVE_INFINITY];
    else if (this.#take('+')) [least, most] = [1, Number.POSITIVE_INFINITY];
    else if (this.#take('?')) [least, most] = [0, 1];
    else return 1;
    this.#take('?');
    return least > 10_000 ? undefined : Math.min(most, least + this.#extra);
  }

  get #next(): string {
    return this.#pattern[this.#at] ?? '';
  }

  #take(character: string): boolean {
    if (this.#next !== character) return false;
    this.#at += 1;
    return true;
  }

  #character(): string | undefined {
    const character = String.fromCodePoint(this.#pattern.codePointAt(this.#at) ?? 0);
    if (this.#at >= this.#pattern.length) return undefined;
    this.#at += character.length;
    return character;
  }
}
