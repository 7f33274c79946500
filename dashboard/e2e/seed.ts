/** About a thousand exchanges, sent as the agents send them: the same ones on every run. */

export interface Seeded {
  sent: number;
  /** The session that has subagents. */
  session: string;
}

interface Shot {
  path: string;
  headers: Record<string, string>;
  body: unknown;
}

const HOSTILE = `</script><script>window.hostile=1</script><img src=x onerror="window.hostile=1">`;
export const HOSTILE_MARK = 'window.hostile';
/** One transparent pixel. */
const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';
const MODELS = ['claude-opus-4-5', 'claude-sonnet-4-5', 'claude-haiku-4-5'] as const;
const SCENARIOS = [
  'text',
  'text,chunks=12,gap=4',
  'thinking,thought="Look before leaping."',
  'tools,tool=Read',
  'text,cache_read=18000,cache_write=900,input=40',
  'citations',
  'max_tokens',
] as const;
const FAILURES = ['529', '500', 'stream_error', 'drop', 'refusal', '400'] as const;

function uuid(n: number): string {
  return `5eed0000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
}

function pick<T>(list: readonly T[], n: number): T {
  const one = list[n % list.length];
  if (one === undefined) throw new Error('nothing to pick from');
  return one;
}

const tools = [
  {
    name: 'Read',
    description: 'Reads a file from the disk. '.repeat(20),
    input_schema: { type: 'object', properties: { file_path: { type: 'string' } } },
  },
  {
    name: 'Edit',
    description: 'Replaces a text in a file.',
    input_schema: {
      type: 'object',
      properties: {
        file_path: { type: 'string' },
        old_string: { type: 'string' },
        new_string: { type: 'string' },
      },
    },
  },
  {
    name: 'TodoWrite',
    description: 'Keeps a list of what is to do.',
    input_schema: { type: 'object' },
  },
];

/** What a session has said up to a turn. */
function history(session: number, turns: number): unknown[] {
  const messages: unknown[] = [
    {
      role: 'user',
      content: [
        { type: 'text', text: '<system-reminder>\nKeep to the house rules.\n</system-reminder>' },
        { type: 'text', text: `Session ${session}: find out why the parser loses a *line*.` },
      ],
    },
  ];
  for (let turn = 0; turn < turns; turn += 1) messages.push(...exchange(session, turn));
  return messages;
}

function exchange(session: number, turn: number): unknown[] {
  const id = `toolu_${session}_${turn}`;
  const calls = [
    { name: 'Read', input: { file_path: `/src/parser_${turn}.rs` } },
    {
      name: 'Edit',
      input: {
        file_path: '/src/parser.rs',
        old_string: 'let n = 1;\nlet m = 2;\nrun(n, m);',
        new_string: `let n = ${turn};\nlet m = 2;\nrun(n, m)?;`,
      },
    },
    {
      name: 'TodoWrite',
      input: {
        todos: [
          { id: '1', content: 'Read the parser', status: 'completed', priority: 'high' },
          { id: '2', content: 'Find the line', status: 'in_progress', priority: 'medium' },
          { id: '3', content: 'Write a test', status: 'pending', priority: 'low' },
        ],
      },
    },
  ];
  const call = pick(calls, turn);
  const file = '     1→fn main() {\n     2→    println!("hello");\n     3→}\n';
  return [
    {
      role: 'assistant',
      content: [
        { type: 'text', text: `Step ${turn}: I look at **${call.name}**.\n\n- first\n- second` },
        { type: 'tool_use', id, ...call },
      ],
    },
    {
      role: 'user',
      content: [
        {
          type: 'tool_result',
          tool_use_id: id,
          content: file,
          ...(turn % 5 === 4 ? { is_error: true } : {}),
        },
      ],
    },
  ];
}

function messages(
  n: number,
  options: Partial<{ session: number; turn: number; agent: string }>,
): Shot {
  const { session = n, turn = 0, agent } = options;
  const failing = n % 23 === 7;
  const model = agent ? 'claude-haiku-4-5' : pick(MODELS, session);
  return {
    path: '/v1/messages?beta=true',
    headers: {
      'user-agent': 'claude-cli/2.1.329 (external, cli)',
      'anthropic-version': '2023-06-01',
      'x-claude-code-session-id': uuid(session),
      'x-claude-code-request-class': agent ? 'subagent' : 'main',
      ...(agent ? { 'x-claude-code-agent-id': agent, 'x-claude-code-agent-type': 'Explore' } : {}),
      'x-mock-scenario': failing ? pick(FAILURES, n) : pick(SCENARIOS, n),
    },
    body: {
      model,
      max_tokens: 4096,
      stream: n % 7 !== 3,
      metadata: { user_id: JSON.stringify({ session_id: uuid(session) }) },
      system: [
        { type: 'text', text: 'You are Claude Code, an agent for programmers.' },
        {
          type: 'text',
          text: `${agent ? 'Explore the tree.' : 'Help with the task.'} ${'Rules. '.repeat(60)}`,
          cache_control: { type: 'ephemeral' },
        },
      ],
      tools,
      messages: history(session, turn),
    },
  };
}

function chat(n: number): Shot {
  return {
    path: '/v1/chat/completions',
    headers: { 'user-agent': 'opencode/1.4.0', 'x-session-id': `oc-${n % 12}` },
    body: {
      model: pick(['gpt-5.4', 'gpt-5.4-nano', 'o4-mini'], n),
      stream: n % 2 === 0,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: `Explain borrow checking, part ${n}.` },
      ],
    },
  };
}

function responses(n: number): Shot {
  return {
    path: '/v1/responses',
    headers: {
      'user-agent': 'codex_cli_rs/0.60.0 (Linux)',
      originator: 'codex_cli_rs',
      'session-id': uuid(9000 + (n % 9)),
      'thread-id': uuid(9000 + (n % 9)),
    },
    body: {
      model: 'gpt-5.4-codex',
      stream: true,
      instructions: 'You are Codex.',
      input: [
        {
          type: 'message',
          role: 'user',
          content: [{ type: 'input_text', text: `Fix the build, step ${n}.` }],
        },
      ],
    },
  };
}

function gemini(n: number): Shot {
  const call = n % 2 === 0 ? 'streamGenerateContent?alt=sse' : 'generateContent';
  return {
    path: `/v1beta/models/gemini-3-pro:${call}`,
    headers: { 'user-agent': 'GeminiCLI/0.20.0 (linux; x64)' },
    body: { contents: [{ role: 'user', parts: [{ text: `Summarise file ${n}.` }] }] },
  };
}

function image(n: number): Shot {
  const shot = messages(n, { session: 8000 });
  const source = { type: 'base64', media_type: 'image/png', data: PIXEL };
  const content = [
    { type: 'text', text: 'What is in this picture?' },
    { type: 'image', source },
  ];
  return { ...shot, body: { ...(shot.body as object), messages: [{ role: 'user', content }] } };
}

/** Markup that wants to run, wherever a client can put text. */
function hostile(n: number): Shot {
  return {
    path: `/v1/messages?x=${encodeURIComponent(HOSTILE)}`,
    headers: {
      'user-agent': `claude-cli/2.1.329 ${HOSTILE}`,
      'x-claude-code-session-id': `hostile-${HOSTILE}`,
      'x-claude-code-agent-id': HOSTILE,
      'x-claude-code-agent-type': HOSTILE,
      'x-hostile': HOSTILE,
      'x-mock-scenario': n % 2 ? 'echo' : `400,message="${HOSTILE.replaceAll('"', '\\"')}"`,
    },
    body: {
      model: `claude-${HOSTILE}`,
      max_tokens: 10,
      system: [{ type: 'text', text: HOSTILE }],
      tools: [{ name: HOSTILE, description: HOSTILE, input_schema: { title: HOSTILE } }],
      messages: [
        {
          role: 'user',
          content: [
            {
              type: 'text',
              text: `${HOSTILE}\n[a](javascript:window.hostile=1)\n<system-reminder>${HOSTILE}</system-reminder>`,
            },
            { type: HOSTILE, [HOSTILE]: HOSTILE },
          ],
        },
        {
          role: 'assistant',
          content: [
            {
              type: 'tool_use',
              id: 'h1',
              name: 'Edit',
              input: { file_path: HOSTILE, old_string: HOSTILE, new_string: `${HOSTILE}2` },
            },
          ],
        },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'h1', content: HOSTILE }] },
      ],
    },
  };
}

/** Every exchange, the newest last. */
export function shots(): Shot[] {
  const list: Shot[] = [];
  for (let session = 0; session < 60; session += 1) {
    const turns = session === 59 ? 24 : 8 + (session % 5);
    for (let turn = 0; turn < turns; turn += 1) list.push(messages(list.length, { session, turn }));
    if (session % 6 !== 5) continue;
    for (let turn = 0; turn < 3; turn += 1) {
      list.push(messages(list.length, { session, turn, agent: `agent-${session}` }));
    }
  }
  for (let n = 0; n < 100; n += 1) list.push(chat(n), responses(n), gemini(n));
  for (let n = 0; n < 6; n += 1) list.push(image(n), hostile(n));
  return list;
}

/** Sends them to weir, a few at a time, in order within a session. */
export async function seed(weir: string): Promise<Seeded> {
  const list = shots();
  let next = 0;
  const worker = async () => {
    for (let shot = list[next++]; shot; shot = list[next++]) await fire(weir, shot);
  };
  await Promise.all(Array.from({ length: 6 }, worker));
  return { sent: list.length, session: uuid(59) };
}

export async function fire(weir: string, shot: Shot): Promise<void> {
  try {
    const response = await fetch(weir + shot.path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...shot.headers },
      body: JSON.stringify(shot.body),
    });
    await response.arrayBuffer();
  } catch {
    // Connections that break are among what is played.
  }
}

/** One more exchange, for pages that watch. */
export function another(n: number): Shot {
  return chat(n);
}
