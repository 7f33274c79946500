/** Finding text in a JSON value without walking it forever. */
import type { Json } from '$lib/api/types';

export interface Found {
  /** Pointers of the entries whose name or value has the text. */
  hits: Set<string>;
  /** Pointers of everything above them. */
  open: Set<string>;
  /** Whether there is more than was looked for. */
  more: boolean;
}

const MOST_HITS = 500;

/** `/a/0` from `/a` and 0, as RFC 6901 has it. */
export function below(pointer: string, name: string | number): string {
  return `${pointer}/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

export function entries(value: Json): [string | number, Json][] {
  if (Array.isArray(value)) return value.map((one, index) => [index, one]);
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}

/** Where the text stands, in any case. */
export function find(root: Json, text: string): Found {
  const found: Found = { hits: new Set(), open: new Set(), more: false };
  const wanted = text.toLowerCase();
  if (!wanted) return found;
  const stack: { value: Json; name: string; pointer: string; above: string[] }[] = [
    { value: root, name: '', pointer: '', above: [] },
  ];
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { value, name, pointer, above } = next;
    const scalar = typeof value === 'object' && value !== null ? '' : String(value);
    if (name.toLowerCase().includes(wanted) || scalar.toLowerCase().includes(wanted)) {
      if (found.hits.size >= MOST_HITS) return { ...found, more: true };
      found.hits.add(pointer);
      for (const one of above) found.open.add(one);
    }
    const under = [...above, pointer];
    for (const [name, inner] of entries(value).reverse()) {
      stack.push({ value: inner, name: String(name), pointer: below(pointer, name), above: under });
    }
  }
  return found;
}
