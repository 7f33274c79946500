import { describe, expect, it } from 'vitest';
import type { ConversationMessage } from './api/types';
import { messagesOf, modelOf } from './transcript';

const line = (message: unknown, type = 'user'): ConversationMessage =>
  ({ type, timestamp: '2026-01-01T00:00:00Z', message }) as ConversationMessage;

describe('messagesOf', () => {
  it('reads lines as the exchange page reads messages, and names results by their calls', () => {
    const found = messagesOf([
      line('plain'),
      line(
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'hm', signature: 's' },
            { type: 'tool_use', id: 't1', name: 'Read', input: { file_path: '/a.rs' } },
          ],
        },
        'assistant',
      ),
      line({
        role: 'user',
        content: [{ type: 'tool_result', tool_use_id: 't1', is_error: true, content: 'no' }],
      }),
      line({ role: 'user', content: [{ type: 'new_thing', x: 1 }] }),
    ]);
    expect(
      found.map((one) => `${one.role} ${one.blocks.map((block) => block.kind).join()}`),
    ).toEqual(['user text', 'assistant thinking,toolCall', 'user toolResult', 'user unknown']);
    expect(found[2]?.blocks[0]).toMatchObject({ name: 'Read', isError: true });
  });
  it('takes lines without a message, and those of no known shape', () => {
    expect(messagesOf([line(undefined, 'summary')])).toMatchObject([
      { role: 'summary', blocks: [] },
    ]);
    expect(messagesOf([line(null)])[0]?.blocks).toEqual([]);
    expect(messagesOf([line({ text: 'a note' }, 'system')])).toMatchObject([
      { role: 'system', blocks: [{ kind: 'text', text: 'a note' }] },
    ]);
    expect(messagesOf([line([1, 2])])).toHaveLength(1);
  });
});

describe('modelOf', () => {
  it('is told by answers only', () => {
    expect(modelOf(line({ model: 'm' }, 'assistant'))).toBe('m');
    expect(modelOf(line('text'))).toBeUndefined();
  });
});
