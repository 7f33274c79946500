import { describe, expect, it } from 'vitest';
import { AnswerReader, readCaptured } from './answer';

const sse = (...events: unknown[]): string =>
  events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('');

function streamed(text: string, size = 7): ReturnType<AnswerReader['end']> {
  const reader = new AnswerReader(true);
  for (let at = 0; at < text.length; at += size) reader.push(text.slice(at, at + size));
  return reader.end();
}

describe('AnswerReader', () => {
  it('reads Messages in any pieces', () => {
    const found = streamed(
      sse(
        {
          type: 'message_start',
          message: { model: 'm', usage: { input_tokens: 5, cache_read_input_tokens: 3 } },
        },
        { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
        { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hé' } },
        { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'llo' } },
        {
          type: 'content_block_start',
          index: 1,
          content_block: { type: 'tool_use', id: 't', name: 'Read', input: {} },
        },
        {
          type: 'content_block_delta',
          index: 1,
          delta: { type: 'input_json_delta', partial_json: '{"a":1}' },
        },
        { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 9 } },
      ),
    );
    expect(found).toMatchObject({
      text: 'Héllo',
      model: 'm',
      stopReason: 'tool_use',
      usage: { input: 5, output: 9, cacheRead: 3 },
      tools: [{ name: 'Read', input: '{"a":1}' }],
      done: true,
    });
  });
  it('reads Chat, Responses and Gemini', () => {
    const chat = sse(
      { choices: [{ delta: { content: 'a' } }] },
      {
        choices: [
          {
            delta: {
              tool_calls: [{ index: 0, id: 'c', function: { name: 'f', arguments: '{"x"' } }],
            },
          },
        ],
      },
      {
        choices: [
          {
            delta: { tool_calls: [{ index: 0, function: { arguments: ':1}' } }] },
            finish_reason: 'stop',
          },
        ],
      },
      {
        choices: [],
        usage: {
          prompt_tokens: 10,
          completion_tokens: 2,
          prompt_tokens_details: { cached_tokens: 4 },
        },
      },
    );
    expect(streamed(`${chat}data: [DONE]\n\n`)).toMatchObject({
      text: 'a',
      stopReason: 'stop',
      usage: { input: 6, output: 2, cacheRead: 4 },
      tools: [{ name: 'f', input: '{"x":1}' }],
    });
    const responses = sse(
      { type: 'response.output_text.delta', delta: 'b' },
      {
        type: 'response.completed',
        response: {
          object: 'response',
          status: 'completed',
          model: 'g',
          usage: { input_tokens: 3, output_tokens: 1 },
        },
      },
    );
    expect(streamed(responses)).toMatchObject({
      text: 'b',
      model: 'g',
      stopReason: 'completed',
      usage: { input: 3, output: 1 },
    });
    const gemini = sse({
      candidates: [
        { content: { parts: [{ text: 't', thought: true }, { text: 'c' }] }, finishReason: 'STOP' },
      ],
      usageMetadata: { promptTokenCount: 4, candidatesTokenCount: 1, thoughtsTokenCount: 2 },
    });
    expect(streamed(gemini)).toMatchObject({
      text: 'c',
      thinking: 't',
      stopReason: 'STOP',
      usage: { input: 4, output: 3 },
    });
  });
  it('reads whole answers and errors', () => {
    const whole = readCaptured({
      type: 'message',
      model: 'm',
      content: [{ type: 'text', text: 'hi' }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 1, output_tokens: 1 },
    });
    expect(whole).toMatchObject({ text: 'hi', stopReason: 'end_turn' });
    expect(readCaptured({ type: 'error', error: { message: 'no' } })).toMatchObject({
      error: 'no',
    });
    expect(readCaptured(undefined, undefined, 'plain words')).toMatchObject({
      text: 'plain words',
    });
  });
});
