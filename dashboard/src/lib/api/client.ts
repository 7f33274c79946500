/** Every call of the API that the pages make. Errors are thrown as `ApiError`. */
import createClient from 'openapi-fetch';
import type { operations, paths } from './schema';
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

/** What stands behind the question mark; names without a value are left out. */
function search(query: Record<string, unknown>): string {
  const found = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') found.set(name, String(value));
  }
  return found.toString();
}

/** A path of the API with its query. */
export function apiUrl(path: string, query: Record<string, unknown> = {}): string {
  const text = search(query);
  return text ? `${path}?${text}` : path;
}

/** Where to log in, as a manager or with the password, and be led back from to a page of ours. */
export function loginUrl(back: string, as?: 'manager'): string {
  return apiUrl('/login', { next: back, as });
}

/** The raw answer, whatever its type; for streams and files. */
export async function send(input: string | Request, init: RequestInit = {}): Promise<Response> {
  const request = new Request(input, { credentials: 'same-origin', ...init });
  let response: Response;
  try {
    response = await fetch(request);
  } catch (error) {
    if (request.signal.aborted) throw error;
    throw new ApiError(0, {});
  }
  if (response.ok) return response;
  const fault = await readFault(response);
  // A replayed request names its exchange: then it is the provider that wants another credential.
  const ours = !response.headers.has('x-weir-request-id');
  // Managing has credentials of its own, and its pages say how to bring them.
  const managing = new URL(request.url).pathname.startsWith('/manage/');
  // Without the page's own place in the query there is no way back to it after logging in.
  if (response.status === 401 && ours && !managing && window.location.pathname !== '/login') {
    window.location.assign(loginUrl(window.location.pathname + window.location.search));
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

const { GET, PUT, POST, PATCH, DELETE } = createClient<paths>({
  // A request needs a whole address before there is one.
  baseUrl: window.location.origin,
  querySerializer: search,
  fetch: send,
});

/** Something with the state that it is in, for a change of just that state. */
export interface Tagged<D> {
  data: D;
  etag: string;
}

async function tagged<D>(call: Promise<{ data?: D; response: Response }>): Promise<Tagged<D>> {
  const { data, response } = await call;
  return { data: data as D, etag: response.headers.get('etag') ?? '' };
}

/** What a call says; `send` has thrown already where it is no success. */
async function said<D>(call: Promise<{ data?: D }>): Promise<D> {
  return (await call).data as D;
}

type Said = operations;
type QueryOf<O extends keyof Said> = NonNullable<Said[O]['parameters']['query']>;
type BodyOf<O extends keyof Said> =
  NonNullable<Said[O]['requestBody']> extends { content: { 'application/json': infer B } }
    ? B
    : never;
/** As the pages have it: numbers may be text still, as the address has them. */
type Query<O extends keyof Said> = {
  [name in keyof QueryOf<O>]?: QueryOf<O>[name] | string | undefined;
};
type Action = 'enable' | 'disable' | 'reset';

const part = encodeURIComponent;
/** The signal only where there is one. */
const until = (signal: AbortSignal | undefined) => (signal ? { signal } : {});
/** What is asked for. It all becomes text in the end, and what is not set is left out. */
const asking = <O extends keyof Said>(query: Query<O>) => ({
  params: { query: query as QueryOf<O> },
});
/** Of what it is asked, and that it is still in the state that was seen. */
const still = (id: string, etag: string) => ({
  params: { path: { id }, ...(etag ? { header: { 'If-Match': etag } } : {}) },
});
/** Of what it is asked. */
const named = <P>(path: P) => ({ params: { path } });

export const api = {
  requests: {
    summary: (of: Query<'getRequestsSummary'>, signal?: AbortSignal) =>
      said(GET('/api/requests/summary', { ...asking(of), ...until(signal) })),
    facets: (of: T.Filters, signal?: AbortSignal) =>
      said(GET('/api/requests/facets', { ...asking<'getRequestsFacets'>(of), ...until(signal) })),
    get: (id: string, signal?: AbortSignal) =>
      said(GET('/api/requests/{id}', { ...named({ id }), ...until(signal) })),
    neighbours: (id: string, signal?: AbortSignal) =>
      said(GET('/api/requests/{id}/neighbours', { ...named({ id }), ...until(signal) })),
    rawUrl: (id: string, side: 'request' | 'response') => `/api/requests/${part(id)}/raw/${side}`,
    harUrl: (id: string) => `/api/requests/${part(id)}/har`,
    exportUrl: (format: 'jsonl' | 'csv' | 'har', filters: T.Filters, limit?: number) =>
      apiUrl('/api/requests/export', { format, limit, ...filters }),
    remove: (id: string) => said(DELETE('/api/requests/{id}', named({ id }))),
    clear: (of: Query<'deleteRequests'> = {}) => said(DELETE('/api/requests', asking(of))),
    /** The provider's answer as it comes; `x-weir-request-id` names the new exchange. */
    replay: (id: string, order: string, signal: AbortSignal) =>
      send(`/api/requests/${part(id)}/replay`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: order,
        signal,
      }),
  },
  analytics: (of: Query<'getAnalytics'>, signal?: AbortSignal) =>
    said(GET('/api/analytics', { ...asking(of), ...until(signal) })) as Promise<T.Analytics>,
  stats: (signal?: AbortSignal) => said(GET('/api/stats', until(signal))),
  prices: (signal?: AbortSignal) => said(GET('/api/prices', until(signal))),
  quotaHistory: (of: Query<'getQuotaHistory'>, signal?: AbortSignal) =>
    said(GET('/api/quota/history', { ...asking(of), ...until(signal) })),
  sessions: {
    list: (of: Query<'getSessions'>, signal?: AbortSignal) =>
      said(GET('/api/sessions', { ...asking(of), ...until(signal) })),
    get: (id: string, of: QueryOf<'getSessionsById'>, signal?: AbortSignal) =>
      said(GET('/api/sessions/{id}', { params: { path: { id }, query: of }, ...until(signal) })),
    context: (id: string, of: QueryOf<'getSessionsByIdContext'>, signal?: AbortSignal) =>
      said(
        GET('/api/sessions/{id}/context', {
          params: { path: { id }, query: of },
          ...until(signal),
        }),
      ),
    growth: (id: string, of: QueryOf<'getSessionsByIdGrowth'>, signal?: AbortSignal) =>
      said(
        GET('/api/sessions/{id}/growth', { params: { path: { id }, query: of }, ...until(signal) }),
      ),
    remove: (id: string) => said(DELETE('/api/sessions/{id}', named({ id }))),
  },
  conversations: {
    list: (of: Query<'getConversations'>, signal?: AbortSignal) =>
      said(GET('/api/conversations', { ...asking(of), ...until(signal) })),
    get: (id: string, of: QueryOf<'getConversationsById'>, signal?: AbortSignal) =>
      said(
        GET('/api/conversations/{id}', { params: { path: { id }, query: of }, ...until(signal) }),
      ),
  },
  providers: {
    list: (signal?: AbortSignal) => said(GET('/api/providers', until(signal))),
    act: (name: string, action: Action) =>
      said(POST(`/api/providers/{name}/${action}`, named({ name }))),
    addKey: (name: string, body: T.NewKey) =>
      said(POST('/api/providers/{name}/keys', { ...named({ name }), body })),
    removeKey: (name: string, key: string) =>
      said(DELETE('/api/providers/{name}/keys/{key}', named({ name, key }))),
    actOnKey: (name: string, key: string, action: Action) =>
      said(POST(`/api/providers/{name}/keys/{key}/${action}`, named({ name, key }))),
  },
  routing: {
    get: (signal?: AbortSignal) => said(GET('/api/routing', until(signal))),
    setStrategy: (strategy: T.Strategy) =>
      said(PUT('/api/routing/strategy', { body: { strategy } })),
    explain: (body: BodyOf<'postRoutingExplain'>) => said(POST('/api/routing/explain', { body })),
  },
  settings: {
    get: (signal?: AbortSignal) => said(GET('/api/settings', until(signal))),
    put: (body: T.ProxySettings) => said(PUT('/api/settings', { body })),
  },
  config: {
    get: (signal?: AbortSignal) => said(GET('/api/config', until(signal))),
    effective: (signal?: AbortSignal) => said(GET('/api/config/effective', until(signal))),
    patch: (body: Record<string, T.Json>) => said(PATCH('/api/config/stored', { body })),
    reload: () => said(POST('/api/config/reload')),
  },
  setup: (signal?: AbortSignal) => said(GET('/api/setup', until(signal))),
  events: (signal?: AbortSignal) => said(GET('/api/events', until(signal))),
  nodes: (signal?: AbortSignal) => said(GET('/api/nodes', until(signal))),
  projectNames: (signal?: AbortSignal) => said(GET('/api/projects', until(signal))),
  gradePrompt: (body: BodyOf<'postGradePrompt'>) => said(POST('/api/grade-prompt', { body })),
  /** Projects, tokens and the audit. */
  manage: {
    login: (management_token: string, remember: boolean) =>
      said(POST('/manage/login', { body: { management_token, remember } })),
    me: () => said(GET('/manage/me')),
    projects: (signal?: AbortSignal) => said(GET('/manage/projects', until(signal))),
    project: (id: string, signal?: AbortSignal) =>
      tagged(GET('/manage/projects/{id}', { ...named({ id }), ...until(signal) })),
    addProject: (body: T.ProjectNew) =>
      said(POST('/manage/projects', { body: body as BodyOf<'postManageProjects'> })),
    editProject: (id: string, etag: string, body: T.ProjectChange) =>
      tagged(
        PATCH('/manage/projects/{id}', {
          ...still(id, etag),
          body: body as BodyOf<'patchManageProjectsById'>,
        }),
      ),
    revokeTokens: (id: string) => said(POST('/manage/projects/{id}/tokens/revoke', named({ id }))),
    tokens: (of: Query<'getManageTokens'> = {}, signal?: AbortSignal) =>
      said(GET('/manage/tokens', { ...asking(of), ...until(signal) })),
    token: (id: string, signal?: AbortSignal) =>
      tagged(GET('/manage/tokens/{id}', { ...named({ id }), ...until(signal) })),
    addToken: (body: T.TokenNew) =>
      said(POST('/manage/tokens', { body: body as BodyOf<'postManageTokens'> })),
    editToken: (id: string, etag: string, body: T.TokenChange) =>
      tagged(
        PATCH('/manage/tokens/{id}', {
          ...still(id, etag),
          body: body as BodyOf<'patchManageTokensById'>,
        }),
      ),
    rotateToken: (id: string, overlap_minutes: number) =>
      said(POST('/manage/tokens/{id}/rotate', { ...named({ id }), body: { overlap_minutes } })),
    revokeToken: (id: string) => said(DELETE('/manage/tokens/{id}', named({ id }))),
    audit: (of: Query<'getManageAudit'>, signal?: AbortSignal) =>
      said(GET('/manage/audit', { ...asking(of), ...until(signal) })),
    event: (id: string, signal?: AbortSignal) =>
      said(GET('/manage/audit/{id}', { ...named({ id }), ...until(signal) })),
    cache: (signal?: AbortSignal) => said(GET('/manage/cache', until(signal))),
    purgeCache: (body: Partial<T.CachePurge>) =>
      said(POST('/manage/cache/purge', { body: body as BodyOf<'postManageCachePurge'> })),
    verifyAudit: () => said(GET('/manage/audit/verify')),
  },
  login: (password: string) => said(POST('/api/login', { body: { password } })),
  logout: () => said(POST('/api/logout')),
  /** The description that this client is made from: the one call that it does not have itself. */
  openapi: async (signal?: AbortSignal): Promise<unknown> =>
    (await send('/openapi.json', until(signal))).json(),
};
