/** Every call of the API that the pages make. Errors are thrown as `ApiError`. */
import type * as T from './types';

/** An answer that is no success, or none at all (status 0). */
export class ApiError extends Error {
  readonly status: number;
  readonly field: string | undefined;
  readonly details: string | undefined;
  readonly faults: readonly string[];

  constructor(status: number, fault: Partial<T.Fault>) {
    super(fault.error ?? (status === 0 ? 'weir cannot be reached' : `weir answered ${status}`));
    this.name = 'ApiError';
    this.status = status;
    this.field = fault.field;
    this.details = fault.details;
    this.faults = fault.faults ?? [];
  }
}

type Query = Record<string, string | number | boolean | null | undefined>;

interface Options {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  query?: Query | undefined;
  body?: unknown;
  /** JSON that is text already, instead of `body`: what is parsed on the way may lose digits. */
  text?: string;
  signal?: AbortSignal | undefined;
}

/** A path of the API with its query; names without a value are left out. */
export function apiUrl(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') search.set(name, String(value));
  }
  const text = search.toString();
  return text ? `${path}?${text}` : path;
}

/** The raw answer, whatever its type; for streams. */
export async function send(path: string, options: Options = {}): Promise<Response> {
  const { method = 'GET', query, body, text, signal } = options;
  const init: RequestInit = { method, credentials: 'same-origin', signal: signal ?? null };
  if (body !== undefined || text !== undefined) {
    init.headers = { 'content-type': 'application/json' };
    init.body = text ?? JSON.stringify(body);
  }
  let response: Response;
  try {
    response = await fetch(apiUrl(path, query), init);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, {});
  }
  if (response.ok) return response;
  const fault = await readFault(response);
  // A replayed request names its exchange: then it is the provider that wants another credential.
  const ours = !response.headers.has('x-weir-request-id');
  // Without the page's own place in the query there is no way back to it after logging in.
  if (response.status === 401 && ours && window.location.pathname !== '/login') {
    const back = window.location.pathname + window.location.search;
    window.location.assign(`/login?next=${encodeURIComponent(back)}`);
  }
  throw new ApiError(response.status, fault);
}

async function readFault(response: Response): Promise<Partial<T.Fault>> {
  const text = await response.text().catch(() => '');
  try {
    const fault: unknown = JSON.parse(text);
    if (typeof fault === 'object' && fault !== null && 'error' in fault) {
      const { error } = fault;
      if (typeof error === 'string') return fault as T.Fault;
    }
  } catch {
    // Not JSON: its text is what there is to say.
  }
  return text ? { error: text.slice(0, 500) } : {};
}

async function call<R>(path: string, options: Options = {}): Promise<R> {
  const response = await send(path, options);
  if (response.status === 204) return undefined as R;
  return (await response.json()) as R;
}

const part = encodeURIComponent;

export const api = {
  requests: {
    summary: (
      query: T.Filters & { offset?: number; limit?: number; cursor?: string },
      signal?: AbortSignal,
    ) => call<T.SummaryPage>('/api/requests/summary', { query, signal }),
    facets: (query: T.Filters, signal?: AbortSignal) =>
      call<T.Facets>('/api/requests/facets', { query, signal }),
    get: (id: string, signal?: AbortSignal) =>
      call<T.RequestLog>(`/api/requests/${part(id)}`, { signal }),
    neighbours: (id: string, signal?: AbortSignal) =>
      call<T.Neighbours>(`/api/requests/${part(id)}/neighbours`, { signal }),
    rawUrl: (id: string, side: 'request' | 'response') => `/api/requests/${part(id)}/raw/${side}`,
    harUrl: (id: string) => `/api/requests/${part(id)}/har`,
    exportUrl: (format: 'jsonl' | 'csv' | 'har', filters: T.Filters, limit?: number) =>
      apiUrl('/api/requests/export', { format, limit, ...filters }),
    remove: (id: string) => call<T.Deleted>(`/api/requests/${part(id)}`, { method: 'DELETE' }),
    clear: (query: Query = {}) => call<T.Deleted>('/api/requests', { method: 'DELETE', query }),
    /** The provider's answer as it comes; `x-weir-request-id` names the new exchange. */
    replay: (
      id: string,
      body: {
        provider?: string;
        model?: string;
        body?: T.Json;
        headers?: Record<string, string>;
      },
      signal?: AbortSignal,
    ) => send(`/api/requests/${part(id)}/replay`, { method: 'POST', body, signal }),
  },
  analytics: (
    query: {
      start?: string;
      end?: string;
      tz?: string;
      bucket?: T.Bucket;
      by?: T.Dimension;
      model?: string;
      provider?: string;
      client?: string;
    },
    signal?: AbortSignal,
  ) => call<T.Analytics>('/api/analytics', { query, signal }),
  stats: (query: { start?: string; end?: string; tz?: string } = {}, signal?: AbortSignal) =>
    call<T.Stats>('/api/stats', { query, signal }),
  hourly: (query: { start: string; end: string; tz?: string }, signal?: AbortSignal) =>
    call<T.HourlyStats>('/api/stats/hourly', { query, signal }),
  models: (query: { start: string; end: string }, signal?: AbortSignal) =>
    call<T.ModelStats>('/api/stats/models', { query, signal }),
  prices: (signal?: AbortSignal) => call<T.Prices>('/api/prices', { signal }),
  quota: {
    now: (signal?: AbortSignal) =>
      call<{ timestamp_ms: number; keys: T.Quota[] }>('/api/quota', { signal }),
    history: (query: { start?: string; end?: string; provider?: string }, signal?: AbortSignal) =>
      call<{ series: T.QuotaSeries[] }>('/api/quota/history', { query, signal }),
  },
  sessions: {
    list: (
      query: {
        cursor?: string;
        limit?: number;
        client?: string;
        model?: string;
        q?: string;
        start?: string;
        end?: string;
      },
      signal?: AbortSignal,
    ) => call<T.Sessions>('/api/sessions', { query, signal }),
    get: (id: string, query: { offset?: number; limit?: number } = {}, signal?: AbortSignal) =>
      call<T.SessionDetail>(`/api/sessions/${part(id)}`, { query, signal }),
    context: (id: string, turn?: string, signal?: AbortSignal) =>
      call<T.ContextView>(`/api/sessions/${part(id)}/context`, { query: { turn }, signal }),
    growth: (id: string, signal?: AbortSignal) =>
      call<T.Growth>(`/api/sessions/${part(id)}/growth`, { signal }),
    remove: (id: string) => call<T.Deleted>(`/api/sessions/${part(id)}`, { method: 'DELETE' }),
  },
  conversations: {
    list: (query: { page?: number; limit?: number; model?: string } = {}, signal?: AbortSignal) =>
      call<T.Conversations>('/api/conversations', { query, signal }),
    ofProject: (project: string, signal?: AbortSignal) =>
      call<T.Conversations | T.Conversation[]>('/api/conversations/project', {
        query: { project },
        signal,
      }),
    get: (
      id: string,
      query: { project: string; offset?: number; limit?: number },
      signal?: AbortSignal,
    ) => call<T.ConversationDetail>(`/api/conversations/${part(id)}`, { query, signal }),
  },
  providers: {
    list: (signal?: AbortSignal) =>
      call<{ providers: T.ProviderView[] }>('/api/providers', { signal }),
    act: (name: string, action: 'enable' | 'disable' | 'reset') =>
      call<T.ProviderView>(`/api/providers/${part(name)}/${action}`, { method: 'POST' }),
    addKey: (name: string, body: T.NewKey) =>
      call<T.KeyView>(`/api/providers/${part(name)}/keys`, { method: 'POST', body }),
    removeKey: (name: string, key: string) =>
      call<{ removed: boolean }>(`/api/providers/${part(name)}/keys/${part(key)}`, {
        method: 'DELETE',
      }),
    actOnKey: (name: string, key: string, action: 'enable' | 'disable' | 'reset') =>
      call<T.KeyView>(`/api/providers/${part(name)}/keys/${part(key)}/${action}`, {
        method: 'POST',
      }),
  },
  routing: {
    get: (signal?: AbortSignal) => call<T.Routing>('/api/routing', { signal }),
    setStrategy: (strategy: string) =>
      call<{ strategy: string; strategies: string[] }>('/api/routing/strategy', {
        method: 'PUT',
        body: { strategy },
      }),
    explain: (body: { path?: string; headers?: Record<string, string>; body: T.Json }) =>
      call<T.Explanation>('/api/routing/explain', { method: 'POST', body }),
  },
  settings: {
    get: (signal?: AbortSignal) => call<T.ProxySettings>('/api/settings', { signal }),
    put: (body: T.ProxySettings) => call<T.ProxySettings>('/api/settings', { method: 'PUT', body }),
  },
  config: {
    get: (signal?: AbortSignal) => call<T.Config>('/api/config', { signal }),
    effective: (signal?: AbortSignal) =>
      call<{ settings: T.EffectiveSetting[] }>('/api/config/effective', { signal }),
    stored: (signal?: AbortSignal) =>
      call<{ settings: Record<string, T.Json> }>('/api/config/stored', { signal }),
    patch: (body: Record<string, T.Json>) =>
      call<T.ConfigChange>('/api/config/stored', { method: 'PATCH', body }),
    reload: () =>
      call<{ changed: string[]; needs_restart: string[]; warnings: string[] }>(
        '/api/config/reload',
        { method: 'POST' },
      ),
  },
  setup: (signal?: AbortSignal) => call<T.Setup>('/api/setup', { signal }),
  gradePrompt: (body: { messages: T.Json; systemMessages: T.Json; requestId?: string }) =>
    call<T.PromptGrade>('/api/grade-prompt', { method: 'POST', body }),
  login: (password: string) =>
    call<undefined>('/api/login', { method: 'POST', body: { password } }),
  logout: () => call<undefined>('/api/logout', { method: 'POST' }),
  openapi: (signal?: AbortSignal) => call<T.Json>('/openapi.json', { signal }),
};
