import type { Session } from '../../lint/session.ts';
import { siteAt } from '../expression-at.ts';
import type { LiveCatalog } from '../live-catalog.ts';
import { type Spot, spotAt } from '../spot.ts';
import { fieldCompletions, valueCompletions } from './fields.ts';
import type { Completion } from './item.ts';
import { nameCompletions } from './names.ts';
import { referenceCompletions } from './references.ts';

/** What is put behind the cursor, one after the other, until the text that is being typed can be read: inside of `${`, and elsewhere. */
const CLOSING = ['', '}', '}"', "}'", '} }', '}" }', "}' }"];
const COMPLETING = ['', ': ', 'x: ', '"', "'", ']', ' }', '" }', "' }"];

/**
 * What can stand at an offset: names inside `${}`, tasks in `uses`, ids in `needs`, workflows in `workflowRef`, fields and their
 * values elsewhere.
 */
export function completionsAt(catalog: LiveCatalog, path: string, offset: number): Completion[] {
  const file = catalog.file(path);
  if (!file) return [];
  const line = file.text.slice(file.text.lastIndexOf('\n', offset - 1) + 1, offset);
  for (const ending of line.lastIndexOf('${') > line.lastIndexOf('}') ? CLOSING : COMPLETING) {
    const text = file.text.slice(0, offset) + ending + file.text.slice(offset);
    const { session, manifests } =
      ending === '' ? { session: catalog.session, manifests: catalog.manifests(path) } : catalog.supposing(path, text);
    const spot = spotAt(manifests, offset);
    const found = spot && complete(session, spot, offset, ending);
    if (found) return found;
  }
  return [];
}

/** `undefined` where the text has to be read another way. */
function complete(session: Session, spot: Spot, offset: number, ending: string): Completion[] | undefined {
  const inside = siteAt(session, spot.manifest, offset);
  if (inside) return nameCompletions(session, inside.site, inside.decoded, offset);
  const found = referenceCompletions(session, spot, offset) ?? valueCompletions(session, spot, offset);
  if (found) return found;
  const fields = fieldCompletions(session, spot);
  if (ending !== 'x: ') return fields;
  // The letter is not there.
  const range = spot.manifest.file.range(offset, offset);
  return fields?.map((field) => ({ ...field, newText: `${field.newText}: `, range }));
}
