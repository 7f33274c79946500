/** Something fetched: loads again when what it depends on changes, and drops answers that come late. */

export class Loaded<T> {
  data = $state.raw<T | undefined>(undefined);
  error = $state.raw<unknown>(undefined);
  loading = $state(true);
  #fetch: (signal: AbortSignal) => Promise<T>;
  #running: AbortController | null = null;

  constructor(fetch: (signal: AbortSignal) => Promise<T>) {
    this.#fetch = fetch;
  }

  /** Asks again; the old data stays until the new is there. */
  reload = async (): Promise<void> => {
    this.#running?.abort();
    const running = new AbortController();
    this.#running = running;
    this.loading = true;
    try {
      // Whatever the function reads before its first await is what it depends on.
      const data = await this.#fetch(running.signal);
      if (running.signal.aborted) return;
      this.data = data;
      this.error = undefined;
    } catch (error) {
      if (running.signal.aborted) return;
      this.error = error;
    }
    this.loading = false;
  };

  stop(): void {
    this.#running?.abort();
  }
}

/** Loads at once and whenever the state that `fetch` reads (before it awaits) changes. Call it while a component is set up. */
export function load<T>(fetch: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const loaded = new Loaded(fetch);
  $effect(() => {
    void loaded.reload();
    return () => loaded.stop();
  });
  return loaded;
}

/**
 * As `load`, and every `everyMs` while somebody looks. What is under way then is waited for: an answer that
 * takes longer would never come. After a failure no more: what went wrong is asked for again by hand.
 */
export function loadEvery<T>(
  everyMs: number,
  fetch: (signal: AbortSignal) => Promise<T>,
): Loaded<T> {
  const loaded = load(fetch);
  $effect(() => {
    const timer = setInterval(() => {
      const due = !loaded.loading && loaded.error === undefined;
      if (due && !document.hidden) void loaded.reload();
    }, everyMs);
    return () => clearInterval(timer);
  });
  return loaded;
}
