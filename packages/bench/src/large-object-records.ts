const CHUNK = 256 * 1024;
const TEXT = 'It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness. '.repeat(7);

/** NDJSON of about `bytes` bytes in records of about 900, made as it is read. */
export function* generatedRecords(bytes: number): Generator<Buffer> {
  let lines: string[] = [];
  let length = 0;
  let made = 0;
  for (let n = 0; made < bytes; n++) {
    const line = `{"id":"record-${n}","name":"Name ${n % 977}","country":"C${n % 193}","lat":${((n * 7919) % 18_000) / 100 - 90},"tags":["t${n % 7}","t${n % 11}"],"text":"${TEXT}"}\n`;
    lines.push(line);
    length += line.length;
    made += line.length;
    if (length < CHUNK) continue;
    yield Buffer.from(lines.join(''));
    lines = [];
    length = 0;
  }
  if (length > 0) yield Buffer.from(lines.join(''));
}
