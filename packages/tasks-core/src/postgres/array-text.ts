/** A PostgreSQL array: elements, or arrays of them. */
export type PgArray<T> = (T | null | PgArray<T>)[];

/** Reads the text of an array, e.g. `{1,NULL,"a,b"}` or `[0:1]={1,2}`; `element` reads what is in it. */
export function parseArray<T>(text: string, element: (text: string) => T, delimiter = ','): PgArray<T> {
  // The bounds of an array that does not begin at 1 are no part of its elements.
  let at = text.startsWith('[') ? text.indexOf('=') + 1 : 0;
  const list = (): PgArray<T> => {
    const items: PgArray<T> = [];
    at++;
    while (text[at] !== '}') {
      if (at >= text.length) throw new SyntaxError('the text of an array does not end');
      if (text[at] === delimiter) at++;
      else if (text[at] === '{') items.push(list());
      else if (text[at] === '"') items.push(element(quoted()));
      else items.push(plain());
    }
    at++;
    return items;
  };
  const quoted = (): string => {
    let value = '';
    for (at++; text[at] !== '"'; at++) {
      if (at >= text.length) throw new SyntaxError('a text in an array does not end');
      if (text[at] === '\\') at++;
      value += text[at];
    }
    at++;
    return value;
  };
  const plain = (): T | null => {
    const start = at;
    while (at < text.length && text[at] !== delimiter && text[at] !== '}') at++;
    const value = text.slice(start, at);
    return value === 'NULL' ? null : element(value);
  };
  return list();
}

/** The text of an array of values; lists in it are further dimensions, objects are JSON. */
export function formatArray(values: readonly unknown[]): string {
  let text = '{';
  for (let index = 0; index < values.length; index++) {
    if (index > 0) text += ',';
    const value = values[index];
    text += Array.isArray(value) ? formatArray(value) : formatElement(value);
  }
  return `${text}}`;
}

/** The text of an array whose elements are JSON: what is in the list is an element, whatever it is. */
export function formatJsonArray(values: readonly unknown[]): string {
  return `{${values.map((value) => (value === null || value === undefined ? 'NULL' : quote(JSON.stringify(value)))).join(',')}}`;
}

/** One element, as it stands in the text of an array. */
export function formatElement(value: unknown): string {
  switch (typeof value) {
    case 'number':
    case 'boolean':
      return String(value);
    case 'string':
      return quote(value);
    default:
      return value === null || value === undefined ? 'NULL' : quote(JSON.stringify(value));
  }
}

function quote(text: string): string {
  // Most have neither, and looking for them costs less than replacing.
  return text.includes('"') || text.includes('\\') ? `"${text.replace(/["\\]/g, '\\$&')}"` : `"${text}"`;
}
