/**
 * More than a thousand exchanges, sent as the agents send them: the same ones on every run. weir
 * records them itself.
 */
import { chat, gemini, responses } from './dialects';
import { fire, pick, uuid, type Shot } from './shot';

const HOSTILE = `</script><script>window.hostile=1</script><img src=x onerror="window.hostile=1">`;
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

/** A client that hangs up in the middle. */
function leaver(n: number): Shot {
  const shot = messages(n, { session: 8100 });
  const headers = { ...shot.headers, 'x-mock-scenario': 'text,chunks=40,gap=50' };
  return { ...shot, headers, body: { ...(shot.body as object), stream: true }, leaves: true };
}

/** What agents send beside the conversation. */
function aside(n: number, session: number): Shot {
  const shot = messages(n, { session });
  const { model, system, messages: said } = shot.body as Record<string, unknown>;
  if (n % 2) {
    const headers = { ...shot.headers, 'x-mock-scenario': 'text' };
    return { path: '/v1/messages/count_tokens', headers, body: { model, system, messages: said } };
  }
  return {
    ...shot,
    headers: { ...shot.headers, 'x-mock-scenario': `text,text="The lost line of ${session}"` },
    body: {
      model: 'claude-haiku-4-5',
      max_tokens: 512,
      system: 'You are a title generator.',
      messages: said,
    },
  };
}

const SPENT = '429,limits=none,retry_after=1';

/** Requests of every dialect that are refused for being too many. */
function refused(): Shot[] {
  return [messages(0, { session: 8200 }), chat(0), responses(0), gemini(0)].map((shot) => ({
    ...shot,
    headers: { ...shot.headers, 'x-mock-scenario': SPENT },
  }));
}

function sessions(from: number, to: number): Shot[] {
  const list: Shot[] = [];
  for (let session = from; session < to; session += 1) {
    const at = () => session * 40 + list.length;
    const turns = session === LARGEST ? 24 : 8 + (session % 5);
    if (session % 3 === 0) list.push(aside(at(), session));
    for (let turn = 0; turn < turns; turn += 1) list.push(messages(at(), { session, turn }));
    if (session % 6 !== 5) continue;
    for (let turn = 0; turn < 3; turn += 1) {
      list.push(messages(at(), { session, turn, agent: `agent-${session}` }));
    }
  }
  return list;
}

function others(from: number, to: number): Shot[] {
  const list: Shot[] = [];
  for (let n = from; n < to; n += 1) list.push(chat(n), responses(n), gemini(n));
  return list;
}

const LARGEST = 59;
/** The session of the last day that has subagents. */
export const SESSION = uuid(LARGEST);

/** Everything but the last day's; it ends with what shuts keys out for a while. */
export function past(): Shot[] {
  const few = Array.from({ length: 6 }, (_, n) => [image(n), leaver(n)]).flat();
  // Each day has some of everything.
  const [one, two] = [sessions(0, 52), [...others(0, 104), ...few]];
  const ratio = two.length / one.length;
  const mixed = one.flatMap((shot, n) => [
    shot,
    ...two.slice(Math.floor(n * ratio), Math.floor((n + 1) * ratio)),
  ]);
  return [...mixed, ...refused()];
}

/** The last day's, the newest last. */
export function today(): Shot[] {
  const few = Array.from({ length: 6 }, (_, n) => [image(n), leaver(n), hostile(n)]).flat();
  return [...sessions(52, LARGEST + 1), ...others(104, 120), ...few];
}

/** Sends them to weir, a few at a time. */
export async function seed(weir: string, shots: Shot[]): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let shot = shots[next++]; shot; shot = shots[next++]) await fire(weir, shot);
  };
  await Promise.all(Array.from({ length: 6 }, worker));
}

/** One more exchange, for pages that watch. */
export function another(n: number): Shot {
  const shot = chat(n);
  return { ...shot, headers: { ...shot.headers, 'x-mock-scenario': 'text' } };
}
