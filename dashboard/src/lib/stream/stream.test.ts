import { describe, expect, it } from 'vitest';
import { frame, label } from './frames';
import { assemble, pieces } from './pieces';
import { bins, framesAt, gaps, pace, tokensPerSecond } from './timing';

const sse = (data: unknown) => frame(`data: ${JSON.stringify(data)}\n\n`);

describe('frames', () => {
  it('are read with any line ending, comments and several data lines', () => {
    const one = frame('event: x\r\nid: 7\r\ndata: {"a":\r\ndata: 1}\r\n: note\r\n\r\n');
    expect(one).toMatchObject({
      event: 'x',
      id: '7',
      data: '{"a":\n1}',
      json: { a: 1 },
      comments: ['note'],
    });
  });
  it('have a name', () => {
    expect(
      ['event: ping\ndata: {}', 'data: {"type":"t"}', 'data: [DONE]', ': hi', '', 'data: 1'].map(
        (one) => label(frame(one)),
      ),
    ).toEqual(['ping', 't', '[DONE]', 'comment', 'empty', 'data']);
  });
});

describe('an answer put together', () => {
  const put = (dialect: string, all: unknown[]) =>
    assemble(all.map((one) => pieces(dialect, sse(one)))).map((one) => [
      one.kind,
      one.name,
      one.text,
    ]);

  it('from Anthropic events', () => {
    expect(
      put('anthropic_messages', [
        { type: 'message_start' },
        {
          type: 'content_block_start',
          index: 0,
          content_block: { type: 'thinking', thinking: '' },
        },
        {
          type: 'content_block_delta',
          index: 0,
          delta: { type: 'thinking_delta', thinking: 'hm' },
        },
        {
          type: 'content_block_start',
          index: 1,
          content_block: { type: 'tool_use', name: 'Bash', input: {} },
        },
        {
          type: 'content_block_delta',
          index: 1,
          delta: { type: 'input_json_delta', partial_json: '{"a"' },
        },
        {
          type: 'content_block_delta',
          index: 1,
          delta: { type: 'input_json_delta', partial_json: ':1}' },
        },
        { type: 'ping' },
        { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
      ]),
    ).toEqual([
      ['thinking', '', 'hm'],
      ['toolCall', 'Bash', '{"a":1}'],
      ['error', '', 'Overloaded'],
    ]);
  });

  it('from Chat chunks, Responses events and Gemini pieces', () => {
    expect(
      put('openai_chat', [
        { choices: [{ index: 0, delta: { content: 'a' } }] },
        {
          choices: [
            {
              index: 0,
              delta: { tool_calls: [{ index: 0, function: { name: 'f', arguments: '{' } }] },
            },
          ],
        },
        {
          choices: [
            {
              index: 0,
              delta: { tool_calls: [{ index: 0, function: { arguments: '}' } }], content: 'b' },
            },
          ],
        },
      ]),
    ).toEqual([
      ['text', '', 'ab'],
      ['toolCall', 'f', '{}'],
    ]);
    expect(
      put('openai_responses', [
        {
          type: 'response.output_item.added',
          output_index: 0,
          item: { type: 'function_call', name: 'g' },
        },
        { type: 'response.function_call_arguments.delta', output_index: 0, delta: '{}' },
        { type: 'response.output_text.delta', output_index: 1, content_index: 0, delta: 'hi' },
      ]),
    ).toEqual([
      ['toolCall', 'g', '{}'],
      ['text', '', 'hi'],
    ]);
    expect(
      put('gemini', [
        { candidates: [{ content: { parts: [{ text: 'x', thought: true }, { text: 'y' }] } }] },
        { candidates: [{ content: { parts: [{ text: 'z' }] } }] },
      ]),
    ).toEqual([
      ['thinking', '', 'x'],
      ['text', '', 'yz'],
    ]);
  });
});

describe('timing', () => {
  const timings = [10, 20, 120, 130].map((elapsedMs, index) => ({ index, elapsedMs, byteSize: 5 }));
  it('tells gaps and pace', () => {
    expect(gaps(timings).map((one) => one.ms)).toEqual([10, 100, 10]);
    expect(pace(timings)).toEqual({
      frames: 4,
      bytes: 20,
      first: 10,
      last: 130,
      longest: { index: 2, ms: 100 },
      medianGap: 10,
    });
    expect(pace([])).toEqual({ frames: 0, bytes: 0 });
  });
  it('counts frames at a moment and in bins', () => {
    expect([0, 10, 119, 130, 999].map((ms) => framesAt(timings, ms))).toEqual([0, 1, 2, 4, 4]);
    expect(bins(timings, 2, 130).map((one) => one.frames)).toEqual([2, 2]);
    expect(bins([], 3, 0).map((one) => one.frames)).toEqual([0, 0, 0]);
  });
  it('says no rate where there is none', () => {
    expect(tokensPerSecond(100, 1000, 2000)).toBe(100);
    expect(tokensPerSecond(100, 1000, 1000)).toBeUndefined();
    expect(tokensPerSecond(undefined, 0, 1)).toBeUndefined();
  });
});
