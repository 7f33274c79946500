/** Short notes that go by themselves; errors stay longer. */
import { ApiError } from '$lib/api/client';

export interface Note {
  id: number;
  text: string;
  tone: 'good' | 'bad';
}

const MOST = 4;
let last = 0;
let notes = $state.raw<readonly Note[]>([]);

export const toasts = {
  get all() {
    return notes;
  },
  dismiss(id: number) {
    notes = notes.filter((note) => note.id !== id);
  },
};

export function toast(text: string, tone: Note['tone'] = 'good'): void {
  const id = ++last;
  notes = [...notes, { id, text, tone }].slice(-MOST);
  setTimeout(() => toasts.dismiss(id), tone === 'bad' ? 10_000 : 4000);
}

/** What an error says of itself. */
export function saying(error: unknown): string {
  if (error instanceof ApiError) {
    const more = [error.details, ...error.faults].filter(Boolean).join('; ');
    return more ? `${error.message}: ${more}` : error.message;
  }
  return error instanceof Error ? error.message : String(error);
}

/** Does something and notes how it went; gives whether it went well. */
export async function attempt(done: string, action: () => Promise<unknown>): Promise<boolean> {
  try {
    await action();
    toast(done);
    return true;
  } catch (error) {
    toast(saying(error), 'bad');
    return false;
  }
}
