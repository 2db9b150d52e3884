import type { Entry, MapNode } from '../parse/node.ts';
import type { SourceFile } from '../text/source.ts';

/** The edit that removes an entry of a block mapping with its line; `undefined` where it shares lines with others. */
export function lineRemoval(file: SourceFile, map: MapNode, entry: Entry): { start: number; end: number; newText: string } | undefined {
  const { line, col } = file.position(entry.key.start);
  if (map.flow || map.entries.size === 1 || file.position(entry.value.end).line !== line) return undefined;
  if (
    file
      .line(line)
      .slice(0, col - 1)
      .trim() !== ''
  )
    return undefined;
  return { start: file.offset({ line, col: 1 }), end: file.offset({ line: line + 1, col: 1 }), newText: '' };
}
