/** Keys that go through the rows of a list: links with `data-row`. */
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
