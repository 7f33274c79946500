// How long tokens live, what state they are in, and how clients are given one.

import type { Token, TokenState } from '$lib/api/types';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The longest life, in minutes. */
export const MOST_MINUTES = 365 * 24 * 60;
/** The longest overlap of a rotation, in minutes. */
export const MOST_OVERLAP = 10_080;

/** Lives that are offered, in minutes. */
export const PRESETS: readonly { minutes: number; label: string }[] = [
  [5, '5 minutes'],
  [15, '15 minutes'],
  [30, '30 minutes'],
  [60, '1 hour'],
  [180, '3 hours'],
  [480, '8 hours'],
  [720, '12 hours'],
  [1440, '1 day'],
  [2880, '2 days'],
  [10_080, '7 days'],
  [43_200, '30 days'],
  [129_600, '90 days'],
  [MOST_MINUTES, '365 days'],
].map(([minutes, label]) => ({ minutes: Number(minutes), label: String(label) }));

/** `90`, `90m`, `36h`, `10d`, `2w`: minutes, or nothing if it is no life that a token may have. */
export function minutesOf(text: string): number | undefined {
  const [, digits, unit = 'm'] = /^(\d+)\s*([mhdw]?)$/i.exec(text.trim()) ?? [];
  if (digits === undefined) return undefined;
  const each = { m: 1, h: 60, d: 1440, w: 10_080 }[(unit || 'm').toLowerCase()] ?? 1;
  const minutes = Number(digits) * each;
  return minutes >= 1 && minutes <= MOST_MINUTES ? minutes : undefined;
}

/** A span in one unit, or two where the second still matters: `45 s`, `12 min`, `3 h 5 min`, `9 d`. */
export function span(ms: number): string {
  if (ms < MINUTE) return `${Math.max(0, Math.floor(ms / 1000))} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  const [unit, name, next, below] = ms < DAY ? [HOUR, 'h', MINUTE, 'min'] : [DAY, 'd', HOUR, 'h'];
  const first = Math.floor(ms / unit);
  const second = Math.floor((ms % unit) / next);
  return second === 0 || first >= 10 ? `${first} ${name}` : `${first} ${name} ${second} ${below}`;
}

/** `withers in 3 h`, `withered 2 d ago`. */
export function withers(at: string | null | undefined, now: number): string {
  if (at == null) return 'never withers';
  const left = Date.parse(at) - now;
  return left > 0 ? `withers in ${span(left)}` : `withered ${span(-left)} ago`;
}

/** The state at a moment: what was active when it was asked for may have withered since. */
export function stateAt(token: Pick<Token, 'state' | 'expires_at'>, now: number): TokenState {
  const over = token.expires_at != null && Date.parse(token.expires_at) <= now;
  return over && token.state !== 'revoked' ? 'expired' : token.state;
}

export const STATES: Record<
  TokenState,
  { label: string; tone: 'green' | 'grey' | 'red' | 'amber' }
> = {
  active: { label: 'active', tone: 'green' },
  expired: { label: 'expired', tone: 'grey' },
  revoked: { label: 'revoked', tone: 'red' },
  used_up: { label: 'used up', tone: 'amber' },
};

/** What somebody calls it: its name, else what is shown of its secret. */
export function called(token: Pick<Token, 'name' | 'token'>): string {
  return token.name ?? token.token;
}

/** Lines that give a client an address and a secret. */
export interface Snippet {
  id: string;
  label: string;
  language: string;
  text: string;
}

export function snippets(base: string, secret: string): readonly Snippet[] {
  const model = 'claude-haiku-4-5';
  const shell = (id: string, label: string, text: string) => ({ id, label, language: 'sh', text });
  return [
    shell(
      'claude',
      'Claude Code',
      `export ANTHROPIC_BASE_URL=${base}\nexport ANTHROPIC_AUTH_TOKEN=${secret}\nclaude\n`,
    ),
    shell(
      'codex',
      'Codex',
      `export CODEX_API_KEY=${secret}\ncodex -c openai_base_url=${base}/v1\n`,
    ),
    shell(
      'gemini',
      'Gemini CLI',
      `export GOOGLE_GEMINI_BASE_URL=${base}\nexport GEMINI_API_KEY=${secret}\ngemini\n`,
    ),
    shell(
      'curl',
      'curl',
      `curl ${base}/v1/messages \\
  -H "x-api-key: ${secret}" \\
  -H "anthropic-version: 2023-06-01" \\
  -H "content-type: application/json" \\
  -d '{"model": "${model}", "max_tokens": 64, "messages": [{"role": "user", "content": "Hello."}]}'\n`,
    ),
    {
      id: 'python',
      label: 'Python',
      language: 'python',
      text: `from anthropic import Anthropic

client = Anthropic(base_url="${base}", api_key="${secret}")
message = client.messages.create(
    model="${model}",
    max_tokens=64,
    messages=[{"role": "user", "content": "Hello."}],
)
print(message.content[0].text)\n`,
    },
    {
      id: 'node',
      label: 'Node',
      language: 'typescript',
      text: `import Anthropic from '@anthropic-ai/sdk';

const client = new Anthropic({ baseURL: '${base}', apiKey: '${secret}' });
const message = await client.messages.create({
  model: '${model}',
  max_tokens: 64,
  messages: [{ role: 'user', content: 'Hello.' }],
});
console.log(message.content[0]);\n`,
    },
    {
      id: 'openai',
      label: 'OpenAI SDK',
      language: 'python',
      text: `from openai import OpenAI

client = OpenAI(base_url="${base}/v1", api_key="${secret}")
print(client.responses.create(model="gpt-5.4", input="Hello.").output_text)\n`,
    },
  ];
}
