/**
 * Exchanges as they happen: a bounded list, oldest first, that an event stream feeds. What comes
 * is put in a few times a second, not one by one, so that sixty a second cost no more than four.
 */
import { SvelteSet } from 'svelte/reactivity';
import type { RequestSummary } from './api/types';

export const MOST_ROWS = 100_000;
/** Rows that are held back while paused. */
export const MOST_HELD = 10_000;
const EVERY_MS = 200;
const FRESH_MS = 2500;
const RETRY_MS = [500, 1000, 2000, 5000, 10_000] as const;

export type Connection = 'connecting' | 'open' | 'lost';

interface Options {
  url?: string;
  most?: number;
  /** What was missed cannot be had any more: the list has to be loaded again. */
  onreset?: () => void;
  /** Which of the exchanges belong in the list. */
  wants?: (row: RequestSummary) => boolean;
}

export class Feed {
  /** Oldest first. */
  rows = $state.raw<readonly RequestSummary[]>([]);
  connection = $state<Connection>('connecting');
  paused = $state(false);
  /** New ones that wait because of the pause. */
  held = $state(0);
  /** Rows that fell out of the list or out of what is held. */
  dropped = $state(0);
  /** What the server could not send in time. */
  missed = $state(0);
  /** Events since the start. */
  events = $state(0);
  /** The ids of rows that came just now. */
  readonly fresh = new SvelteSet<string>();

  readonly #most: number;
  readonly #url: string;
  readonly #onreset: () => void;
  #wants: (row: RequestSummary) => boolean;
  /** Where each id stands, counted from the first row that ever was. */
  #places = new Map<string, number>();
  #first = 0;
  #waiting = new Map<string, RequestSummary>();
  #source: EventSource | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #tries = 0;
  #lastId = '';
  #seen = 0;

  constructor(options: Options = {}) {
    this.#url = options.url ?? '/api/live';
    this.#most = options.most ?? MOST_ROWS;
    this.#onreset = options.onreset ?? (() => undefined);
    this.#wants = options.wants ?? (() => true);
  }

  /** Begins to listen, or goes on after the last event that came. */
  open(): void {
    this.close();
    const url = this.#lastId
      ? `${this.#url}?lastEventId=${encodeURIComponent(this.#lastId)}`
      : this.#url;
    const source = new EventSource(url);
    this.#source = source;
    source.onopen = () => {
      this.#tries = 0;
      this.connection = 'open';
    };
    source.addEventListener('exchange', (event: MessageEvent<string>) => this.#take(event));
    source.addEventListener('missed', (event: MessageEvent<string>) => {
      this.missed += Number(event.data) || 1;
      this.#onreset();
    });
    source.addEventListener('reset', () => this.#onreset());
    source.onerror = () => this.#again(source);
  }

  close(): void {
    clearTimeout(this.#retry);
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#source?.close();
    this.#source = null;
  }

  // The browser's own retries end for good when the server answers with an error once.
  #again(source: EventSource): void {
    this.connection = 'lost';
    if (source.readyState !== EventSource.CLOSED) return;
    const wait = RETRY_MS[Math.min(this.#tries, RETRY_MS.length - 1)];
    this.#tries += 1;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.open(), wait);
  }

  #take(event: MessageEvent<string>): void {
    this.#lastId = event.lastEventId;
    let row: RequestSummary;
    try {
      row = JSON.parse(event.data) as RequestSummary;
    } catch {
      this.missed += 1;
      return;
    }
    this.#seen += 1;
    this.#hold(row);
    this.#timer ??= setTimeout(() => this.#flush(), EVERY_MS);
  }

  #hold(row: RequestSummary): void {
    this.#waiting.set(row.requestId, row);
    if (this.#waiting.size <= MOST_HELD) return;
    const oldest = this.#waiting.keys().next().value;
    if (oldest === undefined) return;
    this.#waiting.delete(oldest);
    this.dropped += 1;
  }

  #flush(): void {
    this.#timer = undefined;
    this.events = this.#seen;
    if (this.paused) this.#flushPaused();
    else this.#put([...this.#waiting.values()]);
  }

  /** While paused, rows that are shown still come to their end; new ones wait. */
  #flushPaused(): void {
    const rows = this.rows.slice();
    for (const [id, row] of this.#waiting) {
      const place = this.#places.get(id);
      if (place === undefined) continue;
      rows[place - this.#first] = row;
      this.#waiting.delete(id);
    }
    this.rows = rows;
    this.held = [...this.#waiting.values()].filter((row) => this.#wants(row)).length;
  }

  #put(incoming: readonly RequestSummary[]): void {
    this.#waiting.clear();
    this.held = 0;
    if (incoming.length === 0) return;
    const rows = this.rows.slice();
    const added: string[] = [];
    for (const row of incoming) {
      const place = this.#places.get(row.requestId);
      if (place !== undefined) rows[place - this.#first] = row;
      else if (this.#wants(row)) {
        this.#places.set(row.requestId, this.#first + rows.length);
        rows.push(row);
        added.push(row.requestId);
      }
    }
    const over = rows.length - this.#most;
    if (over > 0) {
      for (const gone of rows.splice(0, over)) this.#places.delete(gone.requestId);
      this.#first += over;
      this.dropped += over;
    }
    this.rows = rows;
    this.#mark(added);
  }

  #mark(added: readonly string[]): void {
    // A flood is no news.
    if (added.length === 0 || added.length > 200) return;
    for (const id of added) this.fresh.add(id);
    setTimeout(() => {
      for (const id of added) this.fresh.delete(id);
    }, FRESH_MS);
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.#put([...this.#waiting.values()]);
  }

  /** Begins anew with rows as lists have them, newest first. */
  replace(newestFirst: readonly RequestSummary[], wants?: (row: RequestSummary) => boolean): void {
    if (wants) this.#wants = wants;
    this.#places.clear();
    this.#first = 0;
    this.rows = [];
    this.older(newestFirst);
  }

  /** Puts older ones, newest first, under what is there. Rows that are there stay. */
  older(newestFirst: readonly RequestSummary[]): void {
    const room = Math.max(0, this.#most - this.rows.length);
    const rows = newestFirst
      .filter((row) => !this.#places.has(row.requestId))
      .slice(0, room)
      .reverse();
    this.#first -= rows.length;
    for (const [index, row] of rows.entries()) {
      this.#places.set(row.requestId, this.#first + index);
    }
    this.rows = [...rows, ...this.rows];
  }

  /** Whether the list holds as many as it may. */
  get full(): boolean {
    return this.rows.length >= this.#most;
  }

  remove(ids: ReadonlySet<string>): void {
    const rows = this.rows.filter((row) => !ids.has(row.requestId));
    this.replace([...rows].reverse());
  }
}
