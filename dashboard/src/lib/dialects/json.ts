// What arrives as JSON is anything at all: these look into it without ever throwing.

export type Obj = Readonly<Record<string, unknown>>;

export function isObj(value: unknown): value is Obj {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object, or an empty one. */
export function obj(value: unknown): Obj {
  return isObj(value) ? value : {};
}

/** The array, or an empty one. */
export function arr(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The string, if it is one. */
export function str(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** The finite number, if it is one. */
export function num(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** The own field, so that no `constructor` or `__proto__` of the language answers. */
export function field(value: unknown, name: string): unknown {
  return isObj(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** The fields that are not among the named ones. */
export function without(value: Obj, names: readonly string[]): Record<string, unknown> {
  const rest: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    if (!names.includes(key)) set(rest, key, value[key]);
  }
  return rest;
}

function set(into: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(into, key, { value, enumerable: true, writable: true, configurable: true });
}

/** JSON with indentation; what cannot be written (a nesting beyond the stack) is said instead. */
export function pretty(value: unknown): string {
  if (value === undefined) return '';
  try {
    return JSON.stringify(value, null, 2) ?? '';
  } catch {
    return '(nested too deeply to be written out: see the raw body)';
  }
}

/** The value that the text is JSON of, or undefined. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** A copy with sorted keys, less the named ones at any depth: equal values give equal text. */
export function canonical(value: unknown, ignore: readonly string[] = []): string {
  try {
    return JSON.stringify(sorted(value, ignore)) ?? 'null';
  } catch {
    return pretty(value);
  }
}

function sorted(value: unknown, ignore: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((one) => sorted(one, ignore));
  if (!isObj(value)) return value;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value).sort()) {
    if (!ignore.includes(key)) set(copy, key, sorted(value[key], ignore));
  }
  return copy;
}

/** A short name for a text: FNV-1a over UTF-16 units in two lanes. Tells texts apart, protects nothing. */
export function fingerprint(text: string): string {
  let a = 0x811c9dc5;
  let b = 0x01000193;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ (unit + i), 0x85ebca6b);
  }
  return (a >>> 0).toString(16).padStart(8, '0') + (b >>> 0).toString(16).padStart(8, '0');
}
