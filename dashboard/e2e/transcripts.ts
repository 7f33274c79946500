/** Transcripts as Claude Code leaves them in its folder. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const HOSTILE = '<script>window.hostile=1</script><img src=x onerror="window.hostile=1">';
export const LENGTH = 120;

/** Writes three of two projects below a home. The long one is of a captured session. */
export async function writeTranscripts(home: string, session: string): Promise<void> {
  const long = Array.from({ length: LENGTH }, (_, n) => line(n, session, '/home/ana/app'));
  const titled = { type: 'ai-title', aiTitle: 'Lost line in the parser', sessionId: session };
  await write(home, '-home-ana-app', session, [...long, titled]);
  const words = { role: 'user', content: 'long words '.repeat(30) };
  const about = { type: 'user', sessionId: 'b', cwd: '/home/ana/app', message: words };
  await write(home, '-home-ana-app', '5eed0000-0000-4000-8000-0000000000b0', [
    { ...about, uuid: 'b0', timestamp: '2026-01-02T08:00:00.000Z' },
  ]);
  const evil = { role: 'user', content: HOSTILE };
  await write(home, '-srv-site', '5eed0000-0000-4000-8000-0000000000c0', [
    {
      type: 'user',
      sessionId: 'c',
      cwd: '/srv/site',
      uuid: 'c0',
      timestamp: '2026-01-01T08:00:00.000Z',
      message: evil,
    },
  ]);
}

async function write(home: string, project: string, id: string, lines: object[]): Promise<void> {
  const folder = join(home, '.claude/projects', project);
  await mkdir(folder, { recursive: true });
  const text = lines.map((one) => `${JSON.stringify(one)}\n`).join('');
  await writeFile(join(folder, `${id}.jsonl`), text);
}

function line(n: number, sessionId: string, cwd: string): object {
  const timestamp = new Date(Date.UTC(2026, 0, 3, 8, 0, n)).toISOString();
  const base = { uuid: `u${n}`, timestamp, sessionId, cwd, userType: 'external' };
  if (n % 4 === 0) {
    const reminder = `<system-reminder>Keep to the house rules. ${HOSTILE}</system-reminder>`;
    return { ...base, type: 'user', message: { role: 'user', content: `Step ${n}${reminder}` } };
  }
  if (n % 4 === 3) {
    const is_error = n % 8 === 7;
    const result = { type: 'tool_result', tool_use_id: 't', content: HOSTILE, is_error };
    return { ...base, type: 'user', message: { role: 'user', content: [result] } };
  }
  return {
    ...base,
    type: 'assistant',
    isSidechain: n % 8 === 5,
    message: {
      role: 'assistant',
      model: 'claude-sonnet-4-5',
      content: [
        { type: 'thinking', thinking: 'Look before leaping.' },
        { type: 'text', text: `I look at the parser. ${'More of it. '.repeat(n === 1 ? 300 : 3)}` },
        { type: 'tool_use', id: 't', name: 'Read', input: { file_path: '/src/parser.rs' } },
      ],
    },
  };
}
