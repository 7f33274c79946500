/** Requests of agents that do not speak Anthropic's dialect, as those send them. */
import type { Shot } from './shot';
import { pick, uuid } from './shot';

const SCENARIOS = [
  'text',
  'thinking,thought="Look before leaping."',
  'tools',
  'text',
  'max_tokens',
];
const FAILURES = ['500', '400', 'stream_error', 'refusal'];
const parameters = {
  type: 'object',
  properties: { file_path: { type: 'string' } },
  required: ['file_path'],
};
const tool = { name: 'read_file', description: 'Reads a file from the disk.', parameters };

function scenario(n: number): Record<string, string> {
  return { 'x-mock-scenario': n % 19 === 5 ? pick(FAILURES, n) : pick(SCENARIOS, n) };
}

export function chat(n: number): Shot {
  return {
    path: '/v1/chat/completions',
    headers: { 'user-agent': 'opencode/1.4.0', 'x-session-id': `oc-${n % 12}`, ...scenario(n) },
    body: {
      model: pick(['gpt-5.4', 'gpt-5.4-nano', 'o4-mini'], n),
      stream: n % 2 === 0,
      tools: [{ type: 'function', function: tool }],
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: `Explain borrow checking, part ${n}.` },
      ],
    },
  };
}

export function responses(n: number): Shot {
  const thread = uuid(9000 + (n % 9));
  return {
    path: '/v1/responses',
    headers: {
      'user-agent': 'codex_cli_rs/0.60.0 (Linux)',
      originator: 'codex_cli_rs',
      'session-id': thread,
      'thread-id': thread,
      ...scenario(n),
    },
    body: {
      model: 'gpt-5.4-codex',
      stream: true,
      instructions: 'You are Codex.',
      tools: [{ type: 'function', ...tool }],
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

export function gemini(n: number): Shot {
  const call = n % 2 === 0 ? 'streamGenerateContent?alt=sse' : 'generateContent';
  return {
    path: `/v1beta/models/gemini-3-pro:${call}`,
    headers: { 'user-agent': 'GeminiCLI/0.20.0 (linux; x64)', ...scenario(n) },
    body: {
      contents: [{ role: 'user', parts: [{ text: `Summarise file ${n}.` }] }],
      tools: [{ functionDeclarations: [tool] }],
    },
  };
}
