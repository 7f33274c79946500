/** Answers of the API that tests give themselves, where what is shown has to be known to the letter. */
import type { Page, Route } from '@playwright/test';
import type {
  Conversation,
  ConversationDetail,
  ConversationMessage,
  Conversations,
} from '../src/lib/api/types';

type Handler = (route: Route) => Promise<void> | void;

/** Answers a path of the API with JSON, or with what a function makes of the request. */
export async function answer(page: Page, path: string, what: object | Handler): Promise<void> {
  await page.route(
    (url) => url.pathname === path,
    (route) => (typeof what === 'function' ? (what as Handler)(route) : json(route, what)),
  );
}

export async function json(route: Route, body: unknown, status = 200): Promise<void> {
  await route.fulfill({ status, contentType: 'application/json', body: JSON.stringify(body) });
}

export const ROUTING = {
  strategy: 'failover',
  strategies: [
    'failover',
    'round_robin',
    'weighted_round_robin',
    'shuffle',
    'least_loaded',
    'model_based',
  ],
  modelMap: [
    { provider: 'zai', from: 'claude-sonnet-5', to: 'GLM-5' },
    { provider: 'local', from: 'claude-haiku-4-5', to: 'qwen3:8b' },
  ],
  subagents: {
    enabled: true,
    agents: [
      {
        name: 'reviewer',
        model: 'gpt-5.5',
        provider: 'openai',
        file: '/home/ana/.claude/agents/reviewer.md',
        hash: '9f86d081884c7d65',
        loaded: true,
      },
      {
        name: 'architect',
        model: 'o3',
        loaded: false,
        warning:
          'no file: looked for /srv/app/.claude/agents/architect.md and /home/ana/.claude/agents/architect.md',
      },
    ],
  },
};

export const EXPLANATION = {
  dialect: 'anthropic_messages',
  operation: 'generate',
  model: 'claude-sonnet-5',
  stream: true,
  session: { id: '5eed0000-0000-4000-8000-000000000001', by: 'header' },
  subagent: { name: 'reviewer', rule: 'prefix', model: 'gpt-5.5' },
  strategy: 'failover',
  reason: 'strategy',
  candidates: [
    {
      provider: 'zai',
      type: 'zai',
      model: 'GLM-5',
      dialect: 'anthropic_messages',
      translated: false,
      eligible: true,
      why: 'It is well and has the highest priority.',
      keys: 2,
    },
    {
      provider: 'openai',
      type: 'openai',
      model: 'gpt-5.5',
      dialect: 'openai_responses',
      translated: true,
      eligible: true,
      why: 'It would be next if zai fails.',
      keys: 1,
    },
    {
      provider: 'anthropic',
      type: 'anthropic',
      model: 'claude-sonnet-5',
      dialect: 'anthropic_messages',
      translated: false,
      eligible: false,
      why: 'Its breaker is open for another 21 seconds.',
      keys: 3,
    },
  ],
};

export const RULES = {
  requestHeaderRules: [
    { header: 'x-team', action: 'set', value: 'compilers', enabled: true },
    { header: 'user-agent', action: 'replace', find: 'claude-cli', value: 'agent', enabled: true },
    { header: 'x-stainless-os', action: 'block', enabled: false },
  ],
  responseHeaderRules: [{ header: 'server', action: 'block', enabled: true }],
};

export const SETTINGS = {
  settings: [
    { path: 'server.port', value: '3001', source: 'default', live: false },
    { path: 'auth.token', value: '***', source: 'environment', variable: 'AUTH_TOKEN', live: true },
    { path: 'routing.strategy', value: 'failover', source: 'file', line: 12, live: true },
    { path: 'capture.enabled', value: 'true', source: 'default', live: true },
    { path: 'capture.required', value: 'false', source: 'default', live: true },
    { path: 'capture.max_body_bytes', value: '64MiB', source: 'default', live: true },
    { path: 'capture.queue_bytes', value: '12MiB', source: 'default', live: false },
    { path: 'capture.dedup_bytes', value: '12MiB', source: 'command_line', live: false },
    { path: 'capture.retention.max_age', value: '30d', source: 'stored', live: true },
    { path: 'capture.retention.max_rows', value: '0', source: 'default', live: true },
    {
      path: 'capture.retention.max_bytes',
      value: '0',
      source: 'environment',
      variable: 'MAX_BYTES',
      live: true,
    },
    { path: 'pricing.models', value: 'my-model=input=3 output=15', source: 'stored', live: true },
    { path: 'logging.level', value: 'info', source: 'default', live: true },
    { path: 'dashboard.grading.model', value: null, source: 'default', live: true },
  ],
};

export const PRICES = {
  prices: [
    {
      model: 'claude-opus-5',
      input: 5,
      output: 25,
      cacheRead: 0.5,
      cacheWrite5m: 6.25,
      cacheWrite1h: 10,
      webSearch: 10,
      source: 'catalogue',
    },
    {
      model: 'claude-sonnet-5',
      input: 2,
      output: 10,
      cacheRead: 0.2,
      cacheWrite5m: 2.5,
      cacheWrite1h: 4,
      webSearch: 10,
      source: 'catalogue',
    },
    {
      model: 'claude-sonnet-5',
      from: '2027-01-01',
      input: 3,
      output: 12,
      cacheRead: 0.3,
      cacheWrite5m: 3.75,
      cacheWrite1h: 6,
      source: 'configuration',
    },
    {
      model: 'gpt-5.5',
      input: 1.25,
      output: 10,
      cacheRead: 0.125,
      cacheWrite5m: 1.25,
      cacheWrite1h: 1.25,
      source: 'catalogue',
    },
    {
      model: 'my-model',
      input: 3,
      output: 15,
      cacheRead: 3,
      cacheWrite5m: 3,
      cacheWrite1h: 3,
      source: 'stored',
    },
    {
      model: 'mine',
      aliasOf: 'claude-opus-5',
      input: 5,
      output: 25,
      cacheRead: 0.5,
      cacheWrite5m: 6.25,
      cacheWrite1h: 10,
      source: 'configuration',
    },
  ],
  unpriced: [{ model: 'qwen3:8b', requests: 1204 }],
};

export const SETUP = {
  baseUrl: 'http://127.0.0.1:3001',
  tokenNeeded: false,
  clients: [
    {
      id: 'claude',
      name: 'Claude Code',
      snippets: [
        {
          title: 'Shell',
          language: 'sh',
          text: 'export ANTHROPIC_BASE_URL=http://127.0.0.1:3001\nexport CLAUDE_CODE_GATEWAY_HINT_HEADERS=1\nclaude',
        },
        {
          title: 'Settings, for good',
          language: 'json',
          text: '{\n  "env": {\n    "ANTHROPIC_BASE_URL": "http://127.0.0.1:3001"\n  }\n}',
        },
      ],
      seen: { first: '2026-11-20T10:00:00.000Z', last: '2026-11-21T09:12:00.000Z', requests: 812 },
    },
    {
      id: 'codex',
      name: 'Codex CLI',
      snippets: [
        {
          title: '~/.codex/config.toml',
          language: 'toml',
          text: 'openai_base_url = "http://127.0.0.1:3001/v1"',
        },
      ],
      seen: null as null | { first: string; last: string; requests: number },
    },
    {
      id: 'gemini',
      name: 'Gemini CLI',
      snippets: [
        {
          title: 'Shell',
          language: 'sh',
          text: 'export GOOGLE_GEMINI_BASE_URL=http://127.0.0.1:3001\ngemini',
        },
      ],
      seen: null,
    },
    {
      id: 'opencode',
      name: 'opencode',
      snippets: [
        {
          title: 'opencode.json',
          language: 'json',
          text: '{"provider": {"anthropic": {"options": {"baseURL": "http://127.0.0.1:3001/v1"}}}}',
        },
      ],
      seen: null,
    },
    {
      id: 'openai-sdk',
      name: 'OpenAI SDK',
      snippets: [
        {
          title: 'Python',
          language: 'python',
          text: 'client = OpenAI(base_url="http://127.0.0.1:3001/v1")',
        },
      ],
      seen: null,
    },
    {
      id: 'curl',
      name: 'curl',
      snippets: [
        {
          title: 'One request',
          language: 'sh',
          text: 'curl http://127.0.0.1:3001/v1/messages -d @body.json',
        },
      ],
      seen: null,
    },
  ],
};

export const GRADE = {
  score: 3.5,
  maxScore: 5,
  feedback: 'It says what to do, and leaves open in which file and how the result is judged.',
  improvedPrompt: 'In <file>, find out why the parser loses a line.\nAdd a test that fails first.',
  criteria: {
    clarity: { score: 4, feedback: 'One reading.' },
    context: { score: 2, feedback: 'No file is named.' },
    structure: { score: 4, feedback: 'Short and in order.' },
    examples: { score: 3, feedback: 'A sample line would help.' },
    taskSpecific: { score: 4, feedback: 'The aim is there.' },
  },
  gradingTimestamp: '2026-11-21T10:00:00.000Z',
  isProcessing: false,
};

const stem = {
  projectName: '-home-ana-app',
  directory: '/home/ana/app',
  models: ['claude-opus-4-5'],
};
export const CONVERSATIONS = {
  conversations: [
    {
      ...stem,
      id: 's1',
      title: 'Lost line in the parser',
      sessionId: '5eed0000-0000-4000-8000-000000000001',
      requestCount: 120,
      startTime: '2026-11-21T08:00:00.000Z',
      lastActivity: '2026-11-21T09:00:00.000Z',
      duration: 3_600_000,
      firstMessage: 'find out why the parser loses a line',
    },
    {
      ...stem,
      id: 's2',
      requestCount: 2,
      startTime: '2026-11-20T08:00:00.000Z',
      lastActivity: '2026-11-20T08:01:00.000Z',
      duration: 60_000,
      firstMessage: `${'long words '.repeat(18)}…`,
    },
    {
      ...stem,
      projectName: '-srv-site',
      directory: '/srv/site',
      id: 's3',
      requestCount: 12,
      startTime: '2026-11-19T08:00:00.000Z',
      lastActivity: '2026-11-19T09:00:00.000Z',
      duration: 3_600_000,
      firstMessage: '<img src=x onerror="window.hostile=1">',
    },
  ],
  total: 3,
  complete: true,
} satisfies Conversations;

/** The messages of a transcript from `offset`, at most `limit`. */
export function transcript(id: string, offset: number, limit: number): ConversationDetail {
  const about = (CONVERSATIONS.conversations as Conversation[]).find((one) => one.id === id);
  const total = about?.requestCount ?? 0;
  const all = Array.from({ length: total }, (_, n) => line(n));
  return {
    sessionId: id,
    projectName: about?.projectName ?? '',
    projectPath: about?.projectName ?? '',
    ...(about?.directory === undefined ? {} : { directory: about.directory }),
    ...(about?.title === undefined ? {} : { title: about.title }),
    startTime: about?.startTime ?? '',
    endTime: about?.lastActivity ?? '',
    messageCount: total,
    messages: all.slice(offset, offset + limit),
    total,
    offset,
    limit,
  };
}

function line(n: number): ConversationMessage {
  const base = {
    parentUuid: null,
    isSidechain: false,
    userType: 'external',
    cwd: '/home/ana/app',
    sessionId: 's1',
    version: '2.1.0',
    uuid: `u${n}`,
    timestamp: new Date(Date.UTC(2026, 10, 21, 8, 0, n)).toISOString(),
  };
  const hostile = '<script>window.hostile=1</script><img src=x onerror="window.hostile=1">';
  if (n % 4 === 0) {
    const content = `Step ${n}<system-reminder>Keep to the house rules. ${hostile}</system-reminder>`;
    return { ...base, type: 'user', message: { role: 'user', content } };
  }
  if (n % 4 === 3) {
    const result = {
      type: 'tool_result',
      tool_use_id: 't',
      content: hostile,
      is_error: n % 8 === 7,
    };
    return { ...base, type: 'user', message: { role: 'user', content: [result] } };
  }
  return {
    ...base,
    type: 'assistant',
    isSidechain: n % 8 === 5,
    message: {
      role: 'assistant',
      model: 'claude-sonnet-5',
      content: [
        { type: 'thinking', thinking: 'Look before leaping.' },
        { type: 'text', text: `I look at the parser. ${'More of it. '.repeat(n === 1 ? 300 : 3)}` },
        { type: 'tool_use', id: 't', name: 'Read', input: { file_path: '/src/parser.rs' } },
      ],
    },
  };
}
