// Text as the shell and programs write it.

/** One word for a POSIX shell, whatever is in it. A NUL cannot be in an argument at all and is left out. */
export function shell(text: string): string {
  const clean = text.replaceAll('\0', '');
  if (clean !== '' && /^[A-Za-z0-9_@%+=:,./-]+$/.test(clean)) return clean;
  return `'${clean.replaceAll("'", `'\\''`)}'`;
}

/** A double-quoted shell word in which only `$NAME` of ours is replaced. */
export function shellWith(before: string, variable: string): string {
  const safe = before.replaceAll('\0', '').replace(/[\\"$`]/g, (one) => `\\${one}`);
  return `"${safe}$${variable}"`;
}

/** A string of Python, and of JSON and TypeScript as well. */
export function literal(text: string): string {
  return JSON.stringify(text).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}

/** A value in Python's words. */
export function python(value: unknown, indent = 0): string {
  const pad = '    '.repeat(indent + 1);
  const end = '    '.repeat(indent);
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'string') return literal(value);
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    return `[\n${value.map((one) => `${pad}${python(one, indent + 1)},\n`).join('')}${end}]`;
  }
  if (typeof value !== 'object') return JSON.stringify(value) ?? 'None';
  const entries = Object.entries(value);
  if (entries.length === 0) return '{}';
  return `{\n${entries.map(([k, v]) => `${pad}${literal(k)}: ${python(v, indent + 1)},\n`).join('')}${end}}`;
}
