/**
 * Short names for what the API says and takes. Moments are RFC 3339 in UTC, durations
 * milliseconds, money USD; null money means that a price is not known.
 */
import type { components, operations } from './schema';

export type { Json } from './json';

type Schemas = components['schemas'];

export type Headers = RequestLog['headers'];

export type Fault = Schemas['Error'] & Partial<Pick<Schemas['Faults'], 'faults'>>;

export type RequestSummary = Schemas['RequestSummary'];
export type RequestLog = Schemas['RequestLog'];
export type State = RequestSummary['state'];
export type Usage = Schemas['Usage'];
export type Try = Schemas['TryLog'];
export type Sent = Schemas['SentLog'];
export type Facets = Schemas['Facets'];
export type Neighbours = Schemas['Neighbours'];
export type Deleted = Schemas['Forgotten'];

export type Analytics = Schemas['Analytics'];
export type AnalyticsRow = Schemas['AnalyticsRow'];
export type Percentiles = Schemas['Percentiles'];
export type Bucket = Analytics['bucket'];
export type Dimension = Analytics['by'];
export type Stats = Schemas['StatsAndDays'];
export type Price = Schemas['PriceLine'];
export type Prices = Schemas['PriceList'];

export type QuotaPoint = Schemas['QuotaPoint'];
export type QuotaSeries = Schemas['QuotaSeries'];
/** Moments in windows and keys are milliseconds since the Unix epoch. */
export type WindowView = Schemas['WindowView'];
export type KeyView = Schemas['KeyView'];
export type CountView = Schemas['CountView'];
export type NewKey = Schemas['NewKey'];
export type ProviderView = Schemas['ProviderView'];

export type SessionSummary = Schemas['SessionSummary'];
export type Sessions = Schemas['SessionList'];
export type SessionDetail = Schemas['SessionDetail'];
export type SessionAgent = Schemas['SessionAgent'];
export type Turn = Schemas['Turn'];
export type ContextView = Schemas['ContextView'];
export type ContextPart = Schemas['ContextPart'];
export type Growth = Schemas['Growth'];
export type GrowthTurn = Schemas['GrowthTurn'];
export type MissReason = Schemas['CacheMiss']['reason'];

/** A conversation as the client keeps it on disk, and what is said in it. */
export type Conversation = Schemas['ConversationSummary'];
export type Conversations = Schemas['ConversationList'];
export type ConversationDetail = Schemas['Conversation'];
export type ConversationMessage = Schemas['TranscriptMessage'];

export type Routing = Schemas['Routing'];
export type Strategy = Routing['strategy'];
export type Explanation = Schemas['Explanation'];
export type PromptGrade = Schemas['PromptGrade'];

export type EventsView = Schemas['EventsView'];
export type SinkView = Schemas['SinkView'];

/** Moments are milliseconds since the Unix epoch. */
export type Node = Schemas['Node'];

export type HeaderRule = Schemas['HeaderRule'];
export type ProxySettings = Schemas['ProxySettings'];
export type Config = Schemas['Config'];
export type ConfigChange = Schemas['Edited'];
export type EffectiveSetting = Schemas['EffectiveSetting'];
export type Setup = Schemas['Setup'];
export type SetupClient = Schemas['SetupClient'];

/** Tenants: what they are, and what a change of one says. */
export type Project = Schemas['Project'];
export type ProjectNew = Partial<Schemas['ProjectNew']>;
export type ProjectChange = Partial<Schemas['ProjectChange']>;
export type Token = Schemas['Token'];
export type TokenState = Token['state'];
export type TokenNew = Partial<Schemas['TokenNew']>;
export type TokenMade = Schemas['TokenMade'];
export type TokenChange = Partial<Schemas['TokenChange']>;
export type Rules = Schemas['RulesSpec'];
export type Limits = Schemas['LimitsSpec'];
export type Budget = Schemas['BudgetSpec'];
export type Period = Schemas['Period'];
export type PeriodUsage = Schemas['PeriodUsage'];
/** What an answer or a change says of what may be asked for, how fast and how much. */
export type Spec = Pick<Project, 'rules' | 'limits' | 'budgets'>;
export type Role = Schemas['Role'];
export type AuditEvent = Schemas['AuditView'];
export type AuditEvents = Schemas['Events'];
export type CacheState = Schemas['CacheState'];
export type ProjectCacheState = Schemas['ProjectCacheState'];
export type CachePurge = Schemas['CachePurge'];
export type AuditVerdict = Schemas['Verified'];

/** The filters that lists, searches and figures take. */
export type Filter = keyof NonNullable<operations['getRequestsFacets']['parameters']['query']>;
export type Filters = { [name in Filter]?: string | undefined };
