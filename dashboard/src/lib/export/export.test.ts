import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { curl, snippets, type Call } from './code';
import { exported } from './headers';
import { python, shell } from './quote';

const call = (body: string, dialect = 'anthropic_messages', path = '/v1/messages'): Call => ({
  dialect,
  method: 'POST',
  base: 'http://127.0.0.1:8080',
  path,
  query: 'beta=true',
  body,
  headers: {
    'x-api-key': ['sha256:00112233445566778899'],
    authorization: ['Bearer sha256:00'],
    'anthropic-beta': ['a,b'],
    Host: ['x'],
    'content-length': ['3'],
    cookie: ['x'],
    'x-odd': ["it's $HOME `id` \\"],
  },
});

/** What a shell makes of the words. */
function words(command: string): string[] {
  const done = spawnSync('sh', ['-c', command.replace(/^curl/, `printf '%s\\0'`)], {
    encoding: 'utf8',
    env: { ANTHROPIC_API_KEY: 'k1', COOKIE: 'c1' },
    maxBuffer: 1e8,
  });
  expect(done.stderr).toBe('');
  return done.stdout.split('\0').slice(0, -1);
}

describe('curl', () => {
  it('says exactly the body to a shell, whatever is in it', () => {
    for (const body of [
      '{}',
      `{"a":"it's"}`,
      '{"a":"$HOME `id` \\\\ !x \\n"}',
      "'",
      "''",
      '\n',
      '%s',
      '-x',
      'ü \u2028 😀',
      '"'.repeat(50),
    ]) {
      expect(words(curl(call(body))).at(-1)).toBe(body);
    }
  });
  it('names credentials and shows none', () => {
    const text = curl(call('{}'));
    expect(text).not.toContain('sha256');
    const said = words(text);
    expect(said).toContain('x-api-key: k1');
    expect(said).toContain('authorization: Bearer k1');
    expect(said).toContain('cookie: c1');
    expect(said).toContain("x-odd: it's $HOME `id` \\");
    expect(said).toContain('http://127.0.0.1:8080/v1/messages?beta=true');
    expect(said.join('\n')).not.toMatch(/content-length|host: x/i);
  });
});

describe('SDK exports', () => {
  it('are there for JSON bodies only', () => {
    expect(snippets(call('not json')).map((one) => one.name)).toEqual(['curl']);
    expect(snippets(call('{}')).map((one) => one.name)).toEqual(['curl', 'Python', 'TypeScript']);
  });

  it('are Python that Python reads, with the body whole', () => {
    const body = {
      model: 'm',
      max_tokens: 5,
      stream: true,
      messages: [{ role: 'user', content: 'a"\\\n\u2028 😀' }],
      thinking: { x: null, y: true },
    };
    const dialects: [string, string][] = [
      ['anthropic_messages', '/v1/messages'],
      ['openai_chat', '/v1/chat/completions'],
      ['openai_responses', '/v1/responses'],
      ['gemini', '/v1beta/models/g:streamGenerateContent'],
    ];
    for (const [dialect, path] of dialects) {
      const text = snippets(call(JSON.stringify(body), dialect, path))[1]?.text ?? '';
      const done = spawnSync('python3', ['-c', 'import ast,sys; ast.parse(sys.stdin.read())'], {
        input: text,
        encoding: 'utf8',
      });
      if (done.error === undefined) expect(done.stderr).toBe('');
      expect(text).not.toContain('sha256');
    }
    expect(python(body)).toContain('"x": None');
  });
});

describe('quoting', () => {
  it('leaves plain words alone', () => {
    expect(shell('a/b-c')).toBe('a/b-c');
    expect(shell('')).toBe("''");
    expect(shell('a\0b')).toBe('ab');
  });
});

describe('headers', () => {
  it('give each odd credential its own variable', () => {
    expect(exported({ 'x-my-token': ['abc'] }, 'gemini')).toEqual([
      { name: 'x-my-token', value: '', variable: 'X_MY_TOKEN' },
    ]);
  });
});
