import { describe, expect, it } from 'vitest';
import { readEntry } from './transcript';

const line = (message: unknown, type = 'user'): Parameters<typeof readEntry>[0] =>
  ({ type, timestamp: '2026-01-01T00:00:00Z', message }) as Parameters<typeof readEntry>[0];

describe('readEntry', () => {
  it('reads texts in every form and sets reminders apart', () => {
    expect(readEntry(line('plain')).parts).toMatchObject([{ kind: 'text', text: 'plain' }]);
    const found = readEntry(
      line({ role: 'user', content: 'a<system-reminder>b</system-reminder>c' }),
    );
    expect(found.parts.map((one) => [one.kind, one.text])).toEqual([
      ['text', 'a'],
      ['reminder', 'b'],
      ['text', 'c'],
    ]);
  });
  it('reads blocks', () => {
    const found = readEntry(
      line(
        {
          role: 'assistant',
          model: 'm',
          content: [
            { type: 'thinking', thinking: '', signature: 's' },
            { type: 'tool_use', name: 'Read', input: { file_path: '/a.rs' } },
            { type: 'tool_result', is_error: true, content: [{ type: 'text', text: 'no' }] },
            { type: 'image', source: { media_type: 'image/png' } },
            { type: 'new_thing', x: 1 },
          ],
        },
        'assistant',
      ),
    );
    expect(found).toMatchObject({ role: 'assistant', model: 'm' });
    expect(found.parts.map((one) => `${one.kind} ${one.label}`)).toEqual([
      'thinking not shown by the model',
      'tool Read /a.rs',
      'result 2 characters',
      'image image/png',
      'other new_thing',
    ]);
    expect(found.parts[2]?.failed).toBe(true);
  });
  it('takes lines without a message', () => {
    expect(readEntry(line(undefined, 'summary'))).toMatchObject({ role: 'summary', parts: [] });
    expect(readEntry(line(null)).parts).toEqual([]);
  });
});
