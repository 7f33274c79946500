/**
 * What the API says and takes. Moments are RFC 3339 in UTC, durations milliseconds, money USD;
 * null money means that a price is not known.
 */

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type Headers = Record<string, string[]>;
export type Instant = string;

/** The body of every error. */
export interface Fault {
  error: string;
  details?: string;
  field?: string;
  faults?: string[];
}

export interface Usage {
  input_tokens: number;
  output_tokens: number;
  cache_creation_input_tokens?: number;
  cache_read_input_tokens?: number;
  cache_creation?: { ephemeral_5m_input_tokens: number; ephemeral_1h_input_tokens: number };
  output_tokens_details?: { thinking_tokens: number };
  server_tool_use?: { web_search_requests: number };
}

export interface Try {
  provider: string;
  key?: string;
  started: number;
  took: number;
  status?: number;
  failure?: string;
}

export interface RouteLog {
  strategy: string;
  reason: string;
  session?: string;
  key?: string;
  edits?: number;
  tries?: Try[];
  subagent?: {
    name: string;
    rule: 'prefix' | 'hash' | 'header' | 'marker';
    model: string;
    provider?: string;
  };
}

export type State =
  'open' | 'complete' | 'interrupted' | 'client_gone' | 'upstream_broke' | 'gateway_error' | 'lost';

export interface RequestSummary {
  requestId: string;
  timestamp: Instant;
  method: string;
  endpoint: string;
  query?: string;
  model?: string;
  originalModel?: string;
  routedModel?: string;
  provider: string;
  dialect: string;
  operation: string;
  state: State;
  statusCode?: number;
  responseTime?: number;
  ttfb?: number;
  firstContent?: number;
  usage?: Usage;
  conversationHash?: string;
  messageCount?: number;
  stopReason?: string;
  streamError?: string;
  sessionId?: string;
  agentId?: string;
  parentAgentId?: string;
  clientKind?: string;
  keyDigest?: string;
  organizationId?: string;
  clientRequestId?: string;
  isStreaming: boolean;
  requestBytes: number;
  responseBytes?: number;
  attempts?: number;
  route?: RouteLog;
  cost?: number | null;
  subagent?: string;
  /** main, subagent, auxiliary, compaction, workflow, replay. */
  class?: string;
  agentType?: string;
  longestGap?: number;
  tokensPerSecond?: number;
}

export interface ChunkTiming {
  index: number;
  timestamp: Instant;
  byteSize: number;
  elapsedMs: number;
}

export interface ResponseLog {
  statusCode?: number;
  headers: Headers;
  body?: Json;
  bodyText?: string;
  streamError?: string;
  responseTime: number;
  streamingChunks?: string[];
  chunkTimings?: ChunkTiming[];
  isStreaming: boolean;
  completedAt: Instant;
  rateLimit?: Json;
  usage?: Json;
  truncated: boolean;
  bodyDamaged?: string;
}

export interface HeaderChange {
  name: string;
  kind: 'added' | 'removed' | 'changed';
  from?: string;
  to?: string;
}

export interface Sent {
  url: string;
  headers: Headers;
  changes: HeaderChange[];
  body: {
    verdict: 'identical' | 'edited' | 'translated' | 'unknown';
    edits: { at: number; removed: number; inserted: number }[];
    size?: number;
    digest?: string;
  };
}

export interface CostParts {
  input: number | null;
  output: number | null;
  cacheRead: number | null;
  cacheWrite5m: number | null;
  cacheWrite1h: number | null;
  serverTools: number | null;
  total: number | null;
}

export interface RequestLog extends RequestSummary {
  headers: Headers;
  body?: Json;
  userAgent: string;
  contentType: string;
  messageFingerprints?: string[];
  bodyDamaged?: string;
  response?: ResponseLog;
  sent?: Sent;
  promptGrade?: PromptGrade;
  costParts?: CostParts;
}

export interface SummaryPage {
  requests: RequestSummary[];
  total: number | null;
  offset: number;
  limit: number;
  nextCursor?: string | null;
  complete?: boolean;
}

export interface Facet {
  value: string;
  count: number;
}

export interface Facets {
  models: Facet[];
  providers: Facet[];
  clients: Facet[];
  agents: Facet[];
  stopReasons: Facet[];
  statuses: Facet[];
  subagents: Facet[];
}

export interface Neighbours {
  previous?: string;
  next?: string;
  previousInSession?: string;
  nextInSession?: string;
}

export interface Percentiles {
  p50: number;
  p90: number;
  p95: number;
  p99: number;
  max: number;
}

export type Bucket = 'hour' | 'day' | 'week' | 'month' | 'none';
export type Dimension = 'model' | 'provider' | 'client' | 'agent' | 'subagent' | 'status' | 'none';

export interface AnalyticsRow {
  bucket: Instant | null;
  key: string | null;
  requests: number;
  errors: number;
  inputTokens: number;
  outputTokens: number;
  cacheReadTokens: number;
  cacheWriteTokens: number;
  reasoningTokens: number;
  cost: number | null;
  /** Requests without a price. */
  unpriced: number;
  cacheSavings: number | null;
  cacheHitShare: number | null;
  firstByte: Percentiles | null;
  duration: Percentiles | null;
  gap: Percentiles | null;
}

export interface Analytics {
  start: Instant;
  end: Instant;
  tz: string;
  bucket: Bucket;
  by: Dimension;
  rows: AnalyticsRow[];
  totals: AnalyticsRow;
}

export interface QuotaPoint {
  time: Instant;
  utilization: number | null;
  remaining?: number;
  limit?: number;
  reset?: Instant;
}

export interface QuotaSeries {
  provider: string;
  key?: string;
  organization?: string;
  window: string;
  points: QuotaPoint[];
}

/** Moments in quotas and keys are milliseconds since the Unix epoch. */
export interface WindowView {
  window: string;
  limit: number | null;
  remaining: number | null;
  used: number | null;
  status: string | null;
  resets_at: number | null;
  hourly: number | null;
  spent_at: number | null;
  short: boolean;
}

export interface Quota {
  provider: string;
  key: string;
  name: string | null;
  organization_id: string | null;
  status: KeyStatus;
  overage: boolean;
  spent_until: number | null;
  spent_at: number | null;
  short: boolean;
  windows: WindowView[];
}

export type KeyStatus = 'healthy' | 'rate_limited' | 'benched' | 'disabled';

export interface CountView {
  limit: number | null;
  remaining: number | null;
  used: number | null;
  resets_at: number | null;
}

export interface KeyView {
  id: string;
  name: string | null;
  status: KeyStatus;
  enabled: boolean;
  added: boolean;
  priority: number;
  weight: number;
  in_flight: number;
  capacity: number;
  rpm: CountView;
  itpm: CountView;
  otpm: CountView;
  cooldown_until: number | null;
  benched_until: number | null;
  spent_until: number | null;
  overage: boolean;
  consecutive_errors: number;
  last_error: { status: number; at: number } | null;
  requests: number;
  errors: number;
  input_tokens: number;
  output_tokens: number;
  organization_id: string | null;
  windows: WindowView[];
}

export type ProviderStatus = 'healthy' | 'degraded' | 'unhealthy' | 'disabled';

export interface ProviderView {
  name: string;
  type: string;
  owner: string;
  base_url: string;
  dialects: string[];
  models: string[];
  enabled: boolean;
  status: ProviderStatus;
  breaker: BreakerView;
  in_flight: number;
  requests: { total: number; succeeded: number; failed: number };
  latency: LatencyView;
  tokens: { input: number; output: number };
  weight: number;
  priority: number;
  keys: KeyView[];
}

export interface BreakerView {
  state: 'closed' | 'half_open' | 'open';
  failures: number;
  /** When an open one lets requests on trial through, ms since the epoch. */
  until: number | null;
  opened: number;
}

/** Time to first byte in ms; null where nothing was measured lately. */
export interface LatencyView {
  ewma: number | null;
  p50: number | null;
  p95: number | null;
  p99: number | null;
}

export interface Stats {
  version: string;
  timestamp_ms: number;
  uptime_ms: number;
  strategy: string;
  active: number;
  requests: { total: number; succeeded: number; failed: number };
  tokens: { input: number; output: number };
  providers: {
    name: string;
    enabled: boolean;
    status: ProviderStatus;
    breaker: BreakerView['state'];
    in_flight: number;
    requests: { total: number; succeeded: number; failed: number };
    latency: LatencyView;
    tokens: { input: number; output: number };
    keys: { total: number; enabled: number; available: number };
  }[];
  dailyStats?: DailyStat[];
}

/** What a key to be added may say of itself. */
export interface NewKey {
  key: string;
  name?: string;
  rpm_limit?: number;
  itpm_limit?: number;
  otpm_limit?: number;
  priority?: number;
  weight?: number;
}

export interface Price {
  model: string;
  provider?: string;
  from?: string;
  input: number;
  output: number;
  cacheWrite5m: number;
  cacheWrite1h: number;
  cacheRead: number;
  reasoning?: number;
  webSearch?: number;
  source: 'catalogue' | 'configuration' | 'stored';
  aliasOf?: string;
}

export interface Prices {
  prices: Price[];
  unpriced: { model: string; requests: number }[];
}

export interface SessionSummary {
  id: string;
  grouping: 'session' | 'conversation';
  client?: string;
  title?: string;
  projectName?: string;
  transcript?: { project: string; id: string };
  startTime: Instant;
  lastActivity: Instant;
  duration: number;
  requests: number;
  errors: number;
  agents: number;
  models: string[];
  usage: Usage;
  cost: number | null;
  contextTokens: number;
}

export interface Sessions {
  sessions: SessionSummary[];
  nextCursor: string | null;
  total: number | null;
}

export interface SessionAgent {
  id: string | null;
  parent: string | null;
  type?: string;
  subagent?: string;
  requests: number;
  usage: Usage;
  cost: number | null;
  firstRequest: string;
  lastRequest: string;
}

export interface Turn extends RequestSummary {
  kind: 'main' | 'subagent' | 'side' | 'count' | 'retry' | 'probe';
  relation: 'new' | 'extends' | 'fork' | 'compaction' | 'retry';
  extends?: string;
  newFrom: number;
  retryOf?: string;
}

export type SessionDetail = Omit<SessionSummary, 'agents'> & {
  agents: SessionAgent[];
  turns: Turn[];
  total: number;
};

export interface ContextPart {
  kind:
    | 'system'
    | 'tools'
    | 'user'
    | 'assistant'
    | 'thinking'
    | 'toolCall'
    | 'toolResult'
    | 'file'
    | 'image'
    | 'other';
  label: string;
  bytes: number;
  estimatedTokens: number;
  message?: number;
  children?: ContextPart[];
}

export interface ContextView {
  requestId: string;
  bytes: number;
  parts: ContextPart[];
}

export type MissReason =
  | 'expired'
  | 'tools_changed'
  | 'system_changed'
  | 'model_changed'
  | 'history_changed'
  | 'no_breakpoint'
  | 'first_turn'
  | 'provider_changed'
  | 'other';

export interface GrowthTurn {
  requestId: string;
  timestamp: Instant;
  byKind: Partial<Record<ContextPart['kind'], number>>;
  inputTokens: number;
  cacheReadTokens: number;
  cacheWriteTokens: number;
  cost: number | null;
  miss: null | {
    reason: MissReason;
    detail: string;
    section?: 'tools' | 'system' | 'messages';
    index?: number;
  };
}

export interface Growth {
  turns: GrowthTurn[];
}

/** A conversation as the client keeps it on disk. */
export interface Conversation {
  id: string;
  projectName: string;
  /** The directory that the project's name stands for. */
  directory?: string;
  title?: string;
  sessionId?: string;
  /** Lines, those that are no messages too. */
  requestCount: number;
  startTime: Instant;
  lastActivity: Instant;
  duration: number;
  firstMessage?: string;
  lastMessage?: string;
}

export interface Conversations {
  conversations: Conversation[];
  hasMore?: boolean;
  total?: number;
  page?: number;
  limit?: number;
}

export interface ConversationMessage {
  uuid?: string;
  parentUuid?: string | null;
  type: string;
  isSidechain?: boolean;
  timestamp: Instant;
  message: Json;
}

/** One with a page of its messages. */
export interface ConversationDetail {
  sessionId: string;
  projectName: string;
  directory?: string;
  title?: string;
  messages: ConversationMessage[];
  total: number;
}

export interface Candidate {
  provider: string;
  type: string;
  model: string;
  dialect: string;
  translated: boolean;
  eligible: boolean;
  why: string;
  keys?: number;
}

export interface Explanation {
  dialect: string;
  operation: string;
  model: string;
  stream: boolean;
  session?: { id: string; by: string };
  subagent?: { name: string; rule: string; model: string };
  strategy: string;
  reason: string;
  candidates: Candidate[];
  error?: string;
}

export interface SubagentRule {
  name: string;
  model: string;
  provider?: string;
  file?: string;
  hash?: string;
  loaded: boolean;
  warning?: string;
}

export interface Routing {
  strategy: string;
  strategies: string[];
  modelMap: { provider: string; from: string; to: string }[];
  subagents: { enabled: boolean; agents: SubagentRule[] };
}

export interface Criterion {
  score: number;
  feedback: string;
}

export interface PromptGrade {
  score: number;
  maxScore: number;
  feedback: string;
  improvedPrompt: string;
  criteria: Record<'clarity' | 'context' | 'structure' | 'examples' | 'taskSpecific', Criterion>;
  gradingTimestamp: Instant;
  isProcessing: boolean;
}

export interface HeaderRule {
  header: string;
  action: 'block' | 'set' | 'replace';
  value?: string;
  find?: string;
  enabled: boolean;
}

export interface ProxySettings {
  requestHeaderRules: HeaderRule[];
  responseHeaderRules: HeaderRule[];
  warnings?: string[];
}

export interface ConfigChange {
  changed: string[];
  needsRestart: string[];
  warnings: string[];
}

export interface EffectiveSetting {
  path: string;
  value: Json;
  source: 'default' | 'file' | 'environment' | 'command_line' | 'stored';
  live: boolean;
  line?: number;
  variable?: string;
}

export interface Config {
  proxyPublicUrl: string;
  version?: string;
  passwordRequired?: boolean;
  captureBodies?: string | boolean;
}

export interface SetupSnippet {
  title: string;
  language: 'sh' | 'toml' | 'json' | 'python' | 'typescript';
  text: string;
}

export interface SetupClient {
  id: string;
  name: string;
  snippets: SetupSnippet[];
  seen: { first: Instant; last: Instant; requests: number } | null;
}

export interface Setup {
  baseUrl: string;
  tokenNeeded: boolean;
  clients: SetupClient[];
}

export interface DailyStat {
  date: string;
  tokens: number;
  requests: number;
  errors: number;
  cost: number | null;
  models: Record<string, { tokens: number; requests: number }>;
}

export interface HourlyStats {
  hourlyStats: {
    hour: number;
    label: string;
    tokens: number;
    requests: number;
    errors: number;
    models: Record<string, { tokens: number; requests: number }>;
  }[];
  todayTokens: number;
  todayRequests: number;
  avgResponseTime: number;
}

export interface ModelStats {
  modelStats: {
    model: string;
    tokens: number;
    requests: number;
    errors: number;
    cost: number | null;
  }[];
}

export interface Deleted {
  message: string;
  deleted: number;
}

/** The filters that lists, searches and figures take. Names are those of the query. */
export const FILTERS = [
  'model',
  'provider',
  'session',
  'agent',
  'subagent',
  'client',
  'status',
  'state',
  'stopReason',
  'dialect',
  'operation',
  'key',
  'start',
  'end',
  'minDuration',
  'maxDuration',
  'minTokens',
  'maxTokens',
  'minCost',
  'maxCost',
  'q',
] as const;
export type Filter = (typeof FILTERS)[number];
export type Filters = { [name in Filter]?: string | undefined };
