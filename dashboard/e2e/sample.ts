/**
 * A session that has one of everything, recorded before the tests: its exchanges are known to the
 * letter, so that what pages make of them can be.
 */
import { fire, type Shot } from './shot';

export const EVIL = `<img src=x onerror="window.hostile=1"><script>window.hostile=1</script>`;
export const TITLE = 'Find the lost line';

/** Ids of what was recorded. */
export interface Sample {
  session: string;
  /** As `second`, but for the system prompt, a parameter and a message, and two messages shorter. */
  first: string;
  /** Answered at the second try, by a stream with a long silence. */
  second: string;
  /** Overloaded. */
  failed: string;
  /** Its tools are others than those of the turn before. */
  changed: string;
}

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

/** Before the eighth event. */
const SILENCE_MS = 1400;

function event(type: string, data: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
}

const used = {
  input_tokens: 412,
  output_tokens: 1,
  cache_read_input_tokens: 18211,
  cache_creation_input_tokens: 903,
  cache_creation: { ephemeral_5m_input_tokens: 903, ephemeral_1h_input_tokens: 0 },
};
const citation = {
  type: 'web_search_result_location',
  url: 'https://doc.rust-lang.org/',
  title: 'Ranges',
  cited_text: 'A half-open range.',
  encrypted_index: 'ZQ==',
};
const delta = (what: object): string =>
  event('content_block_delta', { index: 0, delta: { ...what } });
const events = [
  event('message_start', {
    message: {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: body.model,
      content: [],
      stop_reason: null,
      usage: used,
    },
  }),
  event('content_block_start', {
    index: 0,
    content_block: { type: 'text', text: '', citations: [] },
  }),
  ...WORDS.map((word) => delta({ type: 'text_delta', text: `${word} ` })),
  delta({ type: 'citations_delta', citation }),
  event('content_block_stop', { index: 0 }),
  event('message_delta', {
    delta: { stop_reason: 'end_turn', stop_sequence: null },
    usage: { output_tokens: 640 },
  }),
  event('message_stop', {}),
];

/** The mock's next answers: overloaded, then the stream. */
const scripts = [
  { scenario: '529' },
  {
    status: 200,
    headers: [
      ['content-type', 'text/event-stream'],
      ['request-id', 'req_1'],
    ],
    body: events.flatMap((text, n) => [{ sleep_ms: n === 8 ? SILENCE_MS : 60 }, text]),
  },
];

/** Where the player stands in the silence, and how many events it has heard by then. */
export const PAUSED = { at: 1300, heard: 8 };

const short = {
  ...body,
  max_tokens: 16000,
  system: [body.system[0], { ...body.system[1], text: 'Help with the task.\n\nBe quick.' }],
  messages: [
    messages[0],
    { role: 'assistant', content: [{ type: 'text', text: 'I read it first.\n\n1. the head' }] },
    messages[2],
  ],
};
const more = [
  ...messages,
  { role: 'assistant', content: [{ type: 'text', text: 'It is mended.' }] },
  { role: 'user', content: [{ type: 'text', text: 'Is there a test?' }] },
];
const changed = {
  ...body,
  tools: [
    { ...body.tools[0], description: 'Edits a file.', defer_loading: undefined },
    ...body.tools.slice(1),
  ],
  messages: more,
};
const compacted = {
  ...body,
  messages: [
    {
      role: 'user',
      content:
        'This session is being continued from a previous conversation that ran out of room. The loop was mended.',
    },
  ],
};
const explore = {
  model: 'claude-haiku-4-5',
  max_tokens: 4000,
  stream: true,
  system: 'Explore the tree.',
  messages: [{ role: 'user', content: 'Where is the parser?' }],
};
const titling = {
  model: 'claude-haiku-4-5',
  max_tokens: 512,
  messages: [{ role: 'user', content: 'Why does the parser lose a line?' }],
  system: 'You are a title generator.',
};

interface Listed {
  requestId: string;
  state: string;
}

/** Records it as a session of its own. The mock's queue is used: nothing else may be under way. */
export async function record(weir: string, mock: string, session: string): Promise<Sample> {
  const agent = { 'x-claude-code-agent-id': 'agent-1', 'x-claude-code-agent-type': 'Explore' };
  let sent = 0;
  const send = async (what: object, scenario?: string, headers = {}): Promise<string> => {
    const shot: Shot = {
      path: '/v1/messages?beta=true',
      headers: {
        'user-agent': 'claude-cli/2.1.329 (external, cli)',
        'anthropic-version': '2023-06-01',
        'x-api-key': 'sk-ant-api03-of-the-client',
        'x-claude-code-session-id': session,
        ...(scenario ? { 'x-mock-scenario': scenario } : {}),
        ...headers,
      },
      body: { ...what, metadata: { user_id: JSON.stringify({ session_id: session }) } },
    };
    await fire(weir, shot);
    sent += 1;
    return newest(weir, session, sent);
  };
  await send({ ...body, messages: messages.slice(0, 1) }, 'tools,tool=Read,cache_write=18211');
  await send(titling, `text,text="${TITLE}"`);
  await send(explore, 'text,text="In src/parser.rs."', agent);
  await send({ ...body, messages: messages.slice(0, 3) }, 'text,cache_read=18211,cache_write=300');
  const first = await send(short, 'text,cache_write=18000');
  await post(`${mock}/_mock/script`, scripts);
  const second = await send(body);
  const failed = await send({ ...body, messages: more }, '529,retry_after=1');
  await well(weir);
  const other = await send(changed, 'text,cache_write=19000');
  await send(compacted, 'text,cache_write=9000');
  return { session, first, second, failed, changed: other };
}

async function post(url: string, what: object): Promise<void> {
  const answer = await fetch(url, { method: 'POST', body: JSON.stringify(what) });
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
}

/** The newest exchange of a session of so many, once it has ended. */
export async function newest(weir: string, session: string, count: number): Promise<string> {
  return until(`exchange ${count} of ${session}`, async () => {
    const answer = await fetch(`${weir}/api/requests/summary?limit=1&session=${session}`);
    const { requests, total } = (await answer.json()) as { requests: Listed[]; total: number };
    if (total < count) return undefined;
    return requests.find((one) => one.state !== 'open')?.requestId;
  });
}

/** Keys that were told to wait have waited. */
async function well(weir: string): Promise<void> {
  const shot = { path: '/v1/messages', headers: { 'x-mock-scenario': 'text' } };
  const probe = { ...explore, messages: [{ role: 'user', content: 'Are you there?' }] };
  await until('a key that may be used', async () => {
    const status = await fire(weir, { ...shot, body: probe });
    return status === 200 ? true : undefined;
  });
}

const PATIENCE_MS = 60_000;

/** Asks until there is an answer. */
export async function until<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const end = Date.now() + PATIENCE_MS;
  while (Date.now() < end) {
    const got = await ask();
    if (got !== undefined) return got;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`waited ${PATIENCE_MS} ms for ${what}`);
}
