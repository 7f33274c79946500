/** Exchanges and a session that have one of everything, answered in place of the API. */
import type { Page } from '@playwright/test';
import type { ContextView, Growth, RequestLog, SessionDetail, Turn } from '../src/lib/api/types';

export const FIRST = '00000000-0000-7000-8000-00000000000a';
export const SECOND = '00000000-0000-7000-8000-00000000000b';
export const FAILED = '00000000-0000-7000-8000-00000000000f';
export const SESSION = '5eed0000-0000-4000-8000-0000000000aa';
export const EVIL = `<img src=x onerror="window.hostile=1"><script>window.hostile=1</script>`;

const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR42mP8z8CABzDhkxyxAAA/ywEJ0WV6LwAAAABJRU5ErkJggg==';
const SCHEMA = {
  type: 'object',
  properties: { file_path: { type: 'string' }, old_string: { type: 'string' } },
  required: ['file_path'],
};
const PLAN = [
  { content: 'Read the parser', status: 'completed', priority: 'high' },
  { content: 'Find the lost line', status: 'in_progress', priority: 'medium' },
  { content: 'Write a test', status: 'pending', priority: 'low' },
];
const FILE = ['fn main() {', '    let n = 1;', '    run(n);', '}']
  .map((line, at) => `     ${at + 1}→${line}`)
  .join('\n');

const messages = [
  {
    role: 'user',
    content: [
      { type: 'text', text: '<system-reminder>Keep to the house rules.</system-reminder>' },
      { type: 'text', text: 'Why does the parser lose a **line**? See `src/parser.rs`.' },
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PIXEL } },
    ],
  },
  {
    role: 'assistant',
    content: [
      { type: 'thinking', thinking: 'The loop ends one early, I think.', signature: 'c2ln' },
      {
        type: 'text',
        text: 'I read it first.\n\n1. the loop\n2. its end\n\n```rust\nfor i in 0..n - 1 {}\n```',
      },
      {
        type: 'tool_use',
        id: 'toolu_1',
        name: 'Read',
        input: { file_path: '/src/parser.rs', offset: 1, limit: 4 },
      },
      { type: 'tool_use', id: 'toolu_2', name: 'TodoWrite', input: { todos: PLAN } },
    ],
  },
  {
    role: 'user',
    content: [
      {
        type: 'tool_result',
        tool_use_id: 'toolu_1',
        content: `${FILE}\n\n<system-reminder>Not malware.</system-reminder>`,
      },
      { type: 'tool_result', tool_use_id: 'toolu_2', content: EVIL, is_error: true },
      { type: 'hologram', beam: 7 },
    ],
  },
  {
    role: 'assistant',
    content: [
      {
        type: 'tool_use',
        id: 'toolu_3',
        name: 'Edit',
        input: {
          file_path: '/src/parser.rs',
          old_string: 'for i in 0..n - 1 {\n    push(i);\n}',
          new_string: 'for i in 0..n {\n    push(i);\n}',
        },
      },
    ],
  },
  {
    role: 'user',
    content: [
      {
        type: 'tool_result',
        tool_use_id: 'toolu_3',
        content: [{ type: 'text', text: 'The file has been updated.' }],
        cache_control: { type: 'ephemeral' },
      },
    ],
  },
];

const body = {
  model: 'claude-opus-4-5',
  max_tokens: 32000,
  stream: true,
  thinking: { type: 'adaptive' },
  metadata: { user_id: JSON.stringify({ session_id: SESSION }) },
  system: [
    { type: 'text', text: 'You are an agent for programmers.' },
    {
      type: 'text',
      text: `Help with the task.\n\n${'Mind the rules of the house.\n'.repeat(120)}`,
      cache_control: { type: 'ephemeral', ttl: '1h' },
    },
  ],
  tools: [
    { name: 'Edit', description: 'Replaces a text in a file. '.repeat(30), input_schema: SCHEMA },
    { name: 'Read', description: 'Reads a file.', input_schema: SCHEMA, defer_loading: true },
    { type: 'web_search_20250305', name: 'web_search' },
  ],
  messages,
};

const WORDS =
  'The loop ended one element early; it runs to the end now, and the test shows it.'.split(' ');

function chunk(event: string, data: object): string {
  return `event: ${event}\ndata: ${JSON.stringify({ type: event, ...data })}\n\n`;
}

const chunks = [
  chunk('message_start', { message: { id: 'msg_1', role: 'assistant', content: [] } }),
  chunk('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
  ...WORDS.map((word) =>
    chunk('content_block_delta', { index: 0, delta: { type: 'text_delta', text: `${word} ` } }),
  ),
  chunk('content_block_stop', { index: 0 }),
  chunk('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 40 } }),
  chunk('message_stop', {}),
];
/** Even, but for a long wait before the eighth. */
const chunkTimings = chunks.map((text, index) => ({
  index,
  timestamp: '2026-11-20T10:00:01.000Z',
  byteSize: text.length,
  elapsedMs: 400 + index * 60 + (index >= 8 ? 1400 : 0),
}));

const summary = {
  timestamp: '2026-11-20T10:00:00.000Z',
  method: 'POST',
  endpoint: '/v1/messages',
  query: 'beta=true',
  model: 'claude-opus-4-5',
  originalModel: 'claude-opus-4-5',
  provider: 'anthropic',
  dialect: 'anthropic_messages',
  operation: 'messages',
  state: 'complete',
  statusCode: 200,
  responseTime: 3200,
  ttfb: 310,
  firstContent: 460,
  usage: {
    input_tokens: 412,
    output_tokens: 640,
    cache_read_input_tokens: 18211,
    cache_creation_input_tokens: 903,
    cache_creation: { ephemeral_5m_input_tokens: 903, ephemeral_1h_input_tokens: 0 },
  },
  messageCount: messages.length,
  stopReason: 'end_turn',
  sessionId: SESSION,
  clientKind: 'claude_code',
  isStreaming: true,
  requestBytes: 20480,
  responseBytes: 4096,
  attempts: 2,
  cost: 0.0342,
  class: 'main',
} as const;

export const exchange: RequestLog = {
  ...summary,
  requestId: SECOND,
  headers: {
    'user-agent': ['claude-cli/2.1.329 (external, cli)'],
    'anthropic-version': ['2023-06-01'],
    'x-api-key': ['sha256:1f3870be274f6c49b3e31a0c6728957f1f3870be274f6c49b3e31a0c6728957f'],
  },
  body: body as unknown as NonNullable<RequestLog['body']>,
  userAgent: 'claude-cli/2.1.329 (external, cli)',
  contentType: 'application/json',
  route: {
    strategy: 'failover',
    reason: 'affinity',
    session: 'header',
    tries: [
      {
        provider: 'anthropic',
        key: 'alpha',
        started: 2,
        took: 120,
        status: 529,
        failure: 'overloaded',
      },
      { provider: 'anthropic', key: 'beta', started: 125, took: 185, status: 200 },
    ],
  },
  sent: {
    url: 'https://api.anthropic.com/v1/messages?beta=true',
    headers: { 'user-agent': ['claude-cli/2.1.329 (external, cli)'], 'x-api-key': ['[redacted]'] },
    changes: [{ name: 'x-api-key', kind: 'changed', from: 'sha256:1f38', to: '[redacted]' }],
    body: { verdict: 'identical', edits: [], size: 20480 },
  },
  costParts: {
    input: 0.00206,
    output: 0.016,
    cacheRead: 0.0091,
    cacheWrite5m: 0.00564,
    cacheWrite1h: 0,
    serverTools: 0,
    total: 0.0342,
  },
  response: {
    statusCode: 200,
    headers: { 'content-type': ['text/event-stream'], 'request-id': ['req_1'] },
    body: {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'claude-opus-4-5',
      stop_reason: 'end_turn',
      content: [
        {
          type: 'text',
          text: `${WORDS.join(' ')} `,
          citations: [
            {
              type: 'web_search_result_location',
              url: 'https://doc.rust-lang.org/',
              title: 'Ranges',
              cited_text: 'A half-open range.',
            },
          ],
        },
      ],
    },
    responseTime: 3200,
    streamingChunks: chunks,
    chunkTimings,
    isStreaming: true,
    completedAt: '2026-11-20T10:00:03.200Z',
    truncated: false,
  },
};

/** The turn before: without the last two messages, one of them in other words. */
export const before: RequestLog = {
  ...exchange,
  requestId: FIRST,
  messageCount: 3,
  body: {
    ...body,
    max_tokens: 16000,
    system: [body.system[0], { ...body.system[1], text: 'Help with the task.\n\nBe quick.' }],
    messages: [
      messages[0],
      { role: 'assistant', content: [{ type: 'text', text: 'I read it first.\n\n1. the head' }] },
      messages[2],
    ],
  } as unknown as NonNullable<RequestLog['body']>,
};

export const failed: RequestLog = {
  ...exchange,
  usage: { input_tokens: 0, output_tokens: 0 },
  requestId: FAILED,
  statusCode: 529,
  response: {
    statusCode: 529,
    headers: { 'retry-after': ['7'] },
    body: { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
    responseTime: 310,
    isStreaming: true,
    completedAt: '2026-11-20T10:00:00.310Z',
    truncated: false,
  },
};

function turn(n: number, more: Partial<Turn> = {}): Turn {
  return {
    ...summary,
    requestId:
      n % 2 === 0 ? FIRST.replace(/a$/, n.toString(16)) : SECOND.replace(/b$/, n.toString(16)),
    timestamp: `2026-11-20T10:0${n % 10}:00.000Z`,
    kind: 'main',
    relation: n === 0 ? 'new' : 'extends',
    newFrom: Math.max(0, 2 * n - 2),
    ...more,
  };
}

const agent = (id: string | null, parent: string | null, type: string) => ({
  id,
  parent,
  type,
  requests: id === null ? 6 : 2,
  usage: { input_tokens: 4000, output_tokens: 900, cache_read_input_tokens: 90000 },
  cost: id === null ? 0.31 : 0.02,
  firstRequest: FIRST,
  lastRequest: SECOND,
});

const turns = [
  turn(0),
  turn(1),
  turn(2, {
    kind: 'subagent',
    agentId: 'agent-1',
    agentType: 'Explore',
    model: 'claude-haiku-4-5',
    relation: 'new',
    newFrom: 0,
  }),
  turn(3),
  { ...turn(4), requestId: SECOND, newFrom: 3 },
  turn(5, { relation: 'compaction', newFrom: 0, statusCode: 200 }),
];

export const session: SessionDetail = {
  id: SESSION,
  grouping: 'session',
  client: 'claude_code',
  title: 'Find the lost line',
  startTime: '2026-11-20T10:00:00.000Z',
  lastActivity: '2026-11-20T10:06:00.000Z',
  duration: 360000,
  requests: turns.length,
  errors: 0,
  models: ['claude-opus-4-5', 'claude-haiku-4-5'],
  usage: { input_tokens: 5000, output_tokens: 2100, cache_read_input_tokens: 90000 },
  cost: 0.33,
  contextTokens: 19526,
  agents: [agent(null, null, 'main'), agent('agent-1', null, 'Explore')],
  turns,
  total: turns.length,
  offset: 0,
  limit: 500,
};

export const growth: Growth = {
  turns: turns.map((one, n) => ({
    requestId: one.requestId,
    timestamp: one.timestamp,
    byKind: {
      system: 9000,
      tools: 14000,
      user: 900 + n * 200,
      assistant: 600 * n,
      toolResult: 5200 * n,
      file: 2100 * n,
      thinking: 300 * n,
    },
    inputTokens: 400,
    cacheReadTokens: 9000,
    cacheWriteTokens: 700,
    cost: 0.03,
    miss:
      n === 0
        ? { reason: 'first_turn', detail: 'Nothing was cached yet.' }
        : n === 4
          ? {
              reason: 'tools_changed',
              detail: 'The tool Edit has another description than in the turn before.',
              section: 'tools',
              index: 0,
            }
          : null,
  })),
  total: turns.length,
  offset: 0,
  limit: 100,
};

export const context: ContextView = {
  requestId: SECOND,
  bytes: 60000,
  parts: [
    { kind: 'system', label: 'System', bytes: 9000, estimatedTokens: 2250 },
    {
      kind: 'tools',
      label: 'Tools',
      bytes: 14000,
      estimatedTokens: 3500,
      children: ['Bash', 'Edit', 'Read', 'Task', 'TodoWrite'].map((label, n) => ({
        kind: 'tools' as const,
        label,
        bytes: 4600 - n * 900,
        estimatedTokens: 1150 - n * 225,
      })),
    },
    {
      kind: 'toolResult',
      label: 'Result of Bash',
      bytes: 17000,
      estimatedTokens: 4250,
      message: 2,
    },
    { kind: 'file', label: '/src/parser.rs', bytes: 11000, estimatedTokens: 2750, message: 2 },
    {
      kind: 'user',
      label: 'Why does the parser lose a line?',
      bytes: 3000,
      estimatedTokens: 750,
      message: 0,
    },
    { kind: 'assistant', label: 'I read it first.', bytes: 2500, estimatedTokens: 625, message: 1 },
    { kind: 'thinking', label: 'Thinking', bytes: 1500, estimatedTokens: 375, message: 1 },
    { kind: 'image', label: 'image/png', bytes: 2000, estimatedTokens: 1500, message: 0 },
  ],
};

/** The request's bytes, as `/raw/request` gives them. */
export const wire = JSON.stringify(body);

/** Answers for all of these. */
export async function answer(page: Page, more: Record<string, RequestLog> = {}): Promise<void> {
  const logs: Record<string, RequestLog> = {
    [FIRST]: before,
    [SECOND]: exchange,
    [FAILED]: failed,
    ...more,
  };
  await page.route(/\/api\/requests\/[^/]+$/, (route) => {
    const log = logs[new URL(route.request().url()).pathname.split('/').at(-1) ?? ''];
    return log ? route.fulfill({ json: log }) : route.fallback();
  });
  await page.route(/\/api\/requests\/[^/]+\/neighbours/, (route) =>
    route.fulfill({ json: { previous: FIRST, next: FAILED, previousInSession: FIRST } }),
  );
  await page.route(`**/api/requests/${SECOND}/raw/request`, (route) =>
    route.fulfill({ body: wire, contentType: 'application/octet-stream' }),
  );
  await page.route(`**/api/requests/${SECOND}/raw/response`, (route) =>
    route.fulfill({ body: chunks.join(''), contentType: 'application/octet-stream' }),
  );
  await page.route(`**/api/sessions/${SESSION}?*`, (route) => route.fulfill({ json: session }));
  await page.route(`**/api/sessions/${SESSION}/growth`, (route) => route.fulfill({ json: growth }));
  await page.route(`**/api/sessions/${SESSION}/context*`, (route) =>
    route.fulfill({ json: context }),
  );
  await page.route(/\/api\/sessions\?/, (route) => {
    const { agents, ...one } = session;
    const list = [
      { ...one, agents: agents.length },
      { ...one, id: `${SESSION}2`, agents: 1, cost: null, errors: 2 },
    ];
    return route.fulfill({ json: { sessions: list, nextCursor: null, total: 2 } });
  });
}
