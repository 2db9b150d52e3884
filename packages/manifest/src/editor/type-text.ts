import { alternatives, type ExprType, isScalar, typeName } from '@summit/maestro-expressions';

/** How deep the fields of objects are shown. */
const DEPTH = 3;
const MOST_FIELDS = 20;

/** A type for people, on several lines where it has fields: `list<{ id: string, size?: int }>`. */
export function typeText(type: ExprType, indent = '', depth = DEPTH): string {
  if (isScalar(type)) {
    const { values } = type;
    return values && values.length <= 8 ? values.map((value) => JSON.stringify(value)).join(' | ') : type.kind;
  }
  switch (type.kind) {
    case 'list':
      return type.element.kind === 'dyn' ? 'list' : `list<${typeText(type.element, indent, depth)}>`;
    case 'map':
      return type.value.kind === 'dyn' ? 'map' : `map<string, ${typeText(type.value, indent, depth)}>`;
    case 'optional':
      return `optional<${typeText(type.value, indent, depth)}>`;
    case 'union':
      return alternatives(type).length === 0
        ? 'nothing'
        : alternatives(type)
            .map((member) => typeText(member, indent, depth))
            .join(' | ');
    case 'object': {
      if (depth === 0 || type.fields.size === 0) return 'object';
      const inner = `${indent}  `;
      const fields = [...type.fields].slice(0, MOST_FIELDS);
      const lines = fields.map(([name, field]) => `${inner}${name}${field.required ? '' : '?'}: ${typeText(field.type, inner, depth - 1)}`);
      if (type.fields.size > MOST_FIELDS) lines.push(`${inner}...`);
      return `{\n${lines.join('\n')}\n${indent}}`;
    }
    default:
      return typeName(type);
  }
}
