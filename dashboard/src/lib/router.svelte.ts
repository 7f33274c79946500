/** The address bar: which page is open, and the state that pages keep in the query. */
import { onDestroy } from 'svelte';
import type { Route } from '../routes';

interface Place {
  path: string;
  query: string;
  hash: string;
}

function here(): Place {
  const { pathname, search, hash } = window.location;
  return { path: pathname, query: search, hash };
}

let place = $state.raw<Place>(here());

/** Where we are; reading it in markup or an effect follows it. */
export const at = {
  get path(): string {
    return place.path;
  },
  /** The query as it stands in the address, fresh for each caller. */
  get query(): URLSearchParams {
    return new URLSearchParams(place.query);
  },
  /** The path with its query, as a link has it. */
  get url(): string {
    return place.path + place.query;
  },
  get hash(): string {
    return place.hash;
  },
};

/** Asked before the page is left, where something would be lost with it. */
let held: (() => Promise<boolean>) | null = null;

/**
 * Has `ask` decide whether the page may be left, by links, keys and the back button; before the window is
 * closed the browser asks. Gives what ends it; one page holds at a time.
 */
export function holdPage(ask: () => Promise<boolean>): () => void {
  const unload = (event: BeforeUnloadEvent) => event.preventDefault();
  held = ask;
  window.addEventListener('beforeunload', unload);
  return () => {
    if (held === ask) held = null;
    window.removeEventListener('beforeunload', unload);
  };
}

/** Goes to a path of ours, such as `/usage?by=model`. */
export function goto(url: string, options: { replace?: boolean } = {}): void {
  const to = new URL(url, window.location.origin);
  if (to.origin !== window.location.origin) throw new Error(`not a page of ours: ${url}`);
  const go = () => move(to.pathname + to.search + to.hash, options);
  if (held && to.pathname !== place.path) void held().then((leaves) => leaves && go());
  else go();
}

/** `goto` for what takes its time: only while the component that is being set up is there. */
export function gotoFrom(): typeof goto {
  let here = true;
  onDestroy(() => (here = false));
  return (url, options) => {
    if (here) goto(url, options);
  };
}

function move(whole: string, options: { replace?: boolean }): void {
  const before = place.path;
  if (options.replace) history.replaceState(null, '', whole);
  else history.pushState(null, '', whole);
  place = here();
  if (place.path !== before) window.scrollTo(0, 0);
}

/**
 * Changes the query and leaves the rest of it: null, undefined and '' take a name out. Each change
 * replaces the entry in the history unless `push` is set.
 */
export function setQuery(
  changes: Record<string, string | number | boolean | null | undefined>,
  options: { push?: boolean } = {},
): void {
  const query = new URLSearchParams(place.query);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === '') query.delete(name);
    else query.set(name, String(value));
  }
  const text = query.toString();
  goto(place.path + (text ? `?${text}` : '') + place.hash, { replace: !options.push });
}

/** The route of a path and the variable parts of it. */
export function match(
  routes: readonly Route[],
  path: string,
): { route: Route; params: Record<string, string> } | null {
  const parts = split(path);
  for (const route of routes) {
    const params = fit(split(route.path), parts);
    if (params) return { route, params };
  }
  return null;
}

function split(path: string): string[] {
  return path.split('/').filter((part) => part !== '');
}

function fit(pattern: string[], parts: string[]): Record<string, string> | null {
  if (pattern.length !== parts.length) return null;
  const params: Record<string, string> = {};
  for (const [index, name] of pattern.entries()) {
    const part = parts[index] ?? '';
    if (name.startsWith(':')) params[name.slice(1)] = decoded(part);
    else if (name !== part) return null;
  }
  return params;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Follows links and the back button; gives what ends it. */
export function startRouter(): () => void {
  const click = (event: MouseEvent) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!(link instanceof HTMLAnchorElement) || link.target || link.download) return;
    if (link.origin !== window.location.origin || !link.hasAttribute('href')) return;
    if (/^\/(api|openapi\.json|metrics|health|livez)(\/|$)/.test(link.pathname)) return;
    if (link.hash && link.pathname === place.path && link.search === place.query) return;
    event.preventDefault();
    goto(link.pathname + link.search + link.hash);
  };
  const pop = () => {
    const to = here();
    if (!held || to.path === place.path) {
      place = to;
      return;
    }
    // The browser has gone already: it is brought back, and goes again if that is meant.
    history.pushState(null, '', place.path + place.query + place.hash);
    void held().then((leaves) => {
      if (!leaves) return;
      held = null;
      history.back();
    });
  };
  document.addEventListener('click', click);
  window.addEventListener('popstate', pop);
  return () => {
    document.removeEventListener('click', click);
    window.removeEventListener('popstate', pop);
  };
}
