/** Lists of what is managed: the search in them, and keys that go through rows, links with `data-row`. */
import type { Shortcut } from '$lib/keys.svelte';

/** `j` and `k` go on and back from the row that has the focus; `Enter` opens it, as links do. */
export function rowKeys(group: string, search: () => void): Shortcut[] {
  const move = (by: number) => {
    const rows = [...document.querySelectorAll<HTMLElement>('[data-row]')];
    const now = rows.findIndex((row) => row === document.activeElement);
    const to = now < 0 && by < 0 ? rows.length - 1 : now + by;
    rows[Math.max(0, Math.min(rows.length - 1, to))]?.focus();
  };
  return [
    { keys: 'j', label: 'Next', group, run: () => move(1) },
    { keys: 'k', label: 'The one before', group, run: () => move(-1) },
    { keys: '/', label: 'Search', group, run: search },
  ];
}

/** Whether a text holds every word of what is searched for, in any case and order. */
export function searcher(search: string): (text: string) => boolean {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return (text) => {
    const within = text.toLowerCase();
    return words.every((word) => within.includes(word));
  };
}
