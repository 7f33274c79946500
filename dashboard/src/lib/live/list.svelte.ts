/** The list of exchanges with its filters; it outlives the page, so that going back finds it as it was. */
import { api } from '$lib/api/client';
import type { Facets, Filters, RequestSummary } from '$lib/api/types';
import { Feed } from '$lib/feed.svelte';
import { keyOf, matches } from './filters';

const PAGE = 100;
/** Rows that can be loaded by scrolling at one go without a result before a search pauses. */
const MOST_EMPTY_PAGES = 20;

export class ExchangeList {
  readonly feed = new Feed({ onreset: () => void this.#load() });
  filters = $state.raw<Filters>({});
  total = $state<number | null>(null);
  facets = $state.raw<Facets | null>(null);
  loading = $state(false);
  loadingOlder = $state(false);
  error = $state.raw<unknown>(undefined);
  /** Where older ones begin; null when there are none. */
  cursor = $state<string | null>(null);
  /** Ids in the order in which they were picked; at most two. */
  picked = $state.raw<readonly string[]>([]);
  /** New exchanges that only a new search can find. */
  unsearched = $state(0);
  /** The row that keys act on. */
  active = $state<string | null>(null);
  /** How far down the reader was. */
  offset = 0;
  #key = '';
  #running: AbortController | null = null;

  /** Shows what fits the filters, and what comes in of it. */
  show(filters: Filters): void {
    const key = keyOf(filters);
    const known = key === this.#key && this.feed.rows.length > 0;
    this.filters = filters;
    this.#key = key;
    if (known) this.feed.open();
    else void this.#load();
  }

  close(): void {
    this.#running?.abort();
    this.feed.close();
  }

  reload = (): void => void this.#load();

  async #load(): Promise<void> {
    this.#running?.abort();
    const running = new AbortController();
    this.#running = running;
    this.loading = true;
    this.unsearched = 0;
    const filters = this.filters;
    // Listening begins ahead of the list, so that nothing falls between the two.
    this.feed.replace([], (row) => this.#wants(row));
    this.feed.open();
    try {
      const page = await api.requests.summary({ ...filters, limit: PAGE }, running.signal);
      if (running.signal.aborted) return;
      this.feed.older(page.requests);
      this.total = page.total;
      this.cursor = page.nextCursor ?? null;
      this.error = undefined;
      // Its time was up before it found any: that there are none is not known yet.
      if (page.requests.length === 0) await this.loadOlder();
      if (running.signal.aborted) return;
      this.loading = false;
      await this.loadFacets(running.signal);
    } catch (error) {
      if (running.signal.aborted) return;
      this.error = error;
      this.loading = false;
    }
  }

  #wants(row: RequestSummary): boolean {
    if (this.filters.q === undefined) return matches(row, this.filters);
    if (row.state === 'complete') this.unsearched += 1;
    return false;
  }

  async loadFacets(signal?: AbortSignal): Promise<void> {
    try {
      this.facets = await api.requests.facets(this.filters, signal);
    } catch {
      // The list is of use without them.
      if (!signal?.aborted) this.facets = null;
    }
  }

  /** Loads the next page of older ones. A search that stops at its time bound is gone on with. */
  loadOlder = async (): Promise<void> => {
    if (this.loadingOlder || this.cursor === null || this.feed.full) return;
    this.loadingOlder = true;
    const key = this.#key;
    try {
      for (let pages = 0; pages < MOST_EMPTY_PAGES && this.cursor !== null; pages += 1) {
        const query = { ...this.filters, limit: PAGE, cursor: this.cursor };
        const page = await api.requests.summary(query, this.#running?.signal);
        if (key !== this.#key) return;
        this.feed.older(page.requests);
        this.cursor = page.nextCursor ?? null;
        if (page.requests.length > 0) break;
      }
    } catch (error) {
      if (key === this.#key) this.error = error;
    } finally {
      this.loadingOlder = false;
    }
  };

  /** Picks an exchange, or puts it back; a third takes the place of the first. */
  pick = (id: string): void => {
    this.picked = this.picked.includes(id)
      ? this.picked.filter((one) => one !== id)
      : [...this.picked, id].slice(-2);
  };

  unpick(): void {
    this.picked = [];
  }

  /** Forgets everything, here and in the store. */
  async clear(): Promise<number> {
    const { deleted } = await api.requests.clear();
    this.picked = [];
    this.active = null;
    await this.#load();
    return deleted;
  }
}

let kept: ExchangeList | undefined;

export function exchangeList(): ExchangeList {
  kept ??= new ExchangeList();
  return kept;
}
