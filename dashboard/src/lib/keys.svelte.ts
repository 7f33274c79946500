/** Keyboard shortcuts: pages register what they understand, `?` lists it. */
import { untrack } from 'svelte';

export interface Shortcut {
  /** `j`, `Enter`, `mod+k` (Ctrl or Command), or two keys in turn: `g l`. */
  keys: string;
  /** What it does, as the list of keys says it. */
  label: string;
  run: (event: KeyboardEvent) => void;
  /** Under which heading it is listed. */
  group?: string;
  /** Also while a field has the focus. */
  inFields?: boolean;
}

const SECOND_KEY_MS = 1200;
let registered = $state.raw<readonly Shortcut[]>([]);
let first: { key: string; at: number } | null = null;

/** Everything that can be pressed now. */
export const shortcuts = {
  get all(): readonly Shortcut[] {
    return registered;
  },
};

/** Takes shortcuts into use; gives what takes them out again. Use it as `$effect(() => useKeys([...]))`. */
export function useKeys(list: readonly Shortcut[]): () => void {
  // Later ones win, so that a page may have its own meaning for a key.
  registered = [...list, ...untrack(() => registered)];
  return () => {
    registered = untrack(() => registered).filter((one) => !list.includes(one));
  };
}

function inField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName);
}

/** What `Enter` and the space bar are for already. */
function isPressed(event: KeyboardEvent): boolean {
  const target = event.target;
  if (event.key !== 'Enter' && event.key !== ' ') return false;
  return target instanceof HTMLElement && target.closest('a,button,summary') !== null;
}

function named(event: KeyboardEvent): string {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return (event.metaKey || event.ctrlKey ? 'mod+' : '') + (event.altKey ? 'alt+' : '') + key;
}

function press(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || isPressed(event)) return;
  const key = named(event);
  const field = inField(event.target);
  const modal = document.querySelector('dialog[open]') !== null;
  const usable = registered.filter((one) => one.inFields || (!field && !modal));
  const before = first && event.timeStamp - first.at < SECOND_KEY_MS ? `${first.key} ` : '';
  first = null;
  const hit =
    usable.find((one) => before && one.keys === before + key) ??
    usable.find((one) => one.keys === key);
  if (hit) {
    event.preventDefault();
    hit.run(event);
  } else if (usable.some((one) => one.keys.startsWith(`${key} `))) {
    first = { key, at: event.timeStamp };
  }
}

/** Listens; gives what ends it. */
export function startKeys(): () => void {
  document.addEventListener('keydown', press);
  return () => document.removeEventListener('keydown', press);
}
