import { describe, expect, it } from 'vitest';
import { viewRequest, viewResponse, type Block } from './index';

const kinds = (blocks: readonly Block[] | undefined): string[] =>
  (blocks ?? []).map((one) => one.kind);

describe('Anthropic Messages', () => {
  const body = {
    model: 'claude-opus-4-5',
    max_tokens: 10,
    system: [
      { type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral', ttl: '1h' } },
      { type: 'text', text: 'x' },
    ],
    tools: [
      { name: 'Read', description: 'Reads.', input_schema: { type: 'object' } },
      { type: 'web_search_20250305', name: 'web_search', defer_loading: true },
    ],
    messages: [
      { role: 'user', content: 'hi' },
      { role: 'system', content: 'environment' },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: '', signature: 'abc' },
          { type: 'redacted_thinking', data: 'xxxx' },
          { type: 'tool_use', id: 't1', name: 'Read', input: { file_path: '/a' } },
          { type: 'hologram', beam: 1 },
        ],
      },
      {
        role: 'user',
        content: [
          {
            type: 'tool_result',
            tool_use_id: 't1',
            is_error: true,
            content: [
              { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA==' } },
            ],
          },
        ],
      },
    ],
  };

  it('becomes system, tools, messages and the rest', () => {
    const view = viewRequest('anthropic_messages', body);
    expect(view.system.map((one) => one.cache)).toEqual(['ephemeral 1h', undefined]);
    expect(view.tools.map((one) => [one.name, one.type, one.deferred])).toEqual([
      ['Read', 'function', false],
      ['web_search', 'web_search_20250305', true],
    ]);
    expect(view.messages.map((one) => one.role)).toEqual(['user', 'system', 'assistant', 'user']);
    expect(kinds(view.messages[2]?.blocks)).toEqual([
      'thinking',
      'redacted',
      'toolCall',
      'unknown',
    ]);
    expect(view.config).toEqual({ max_tokens: 10 });
    const result = view.messages[3]?.blocks[0];
    expect(result).toMatchObject({ kind: 'toolResult', name: 'Read', isError: true });
    expect(result?.kind === 'toolResult' ? kinds(result.blocks) : []).toEqual(['image']);
  });

  it('is the same message wherever the cache mark stands', () => {
    const of = (content: unknown): string | undefined =>
      viewRequest('anthropic_messages', { messages: [{ role: 'user', content }] }).messages[0]?.key;
    const plain = [{ type: 'text', text: 'a' }];
    expect(of(plain)).toBe(of([{ type: 'text', text: 'a', cache_control: { type: 'ephemeral' } }]));
    expect(of(plain)).not.toBe(of([{ type: 'text', text: 'b' }]));
  });

  it('answers with blocks, citations and searches', () => {
    const view = viewResponse('anthropic_messages', {
      id: 'm',
      model: 'c',
      role: 'assistant',
      stop_reason: 'end_turn',
      usage: { input_tokens: 1 },
      content: [
        { type: 'server_tool_use', id: 's', name: 'web_search', input: { query: 'q' } },
        {
          type: 'web_search_tool_result',
          tool_use_id: 's',
          content: [{ type: 'web_search_result', title: 'T', url: 'https://a' }],
        },
        {
          type: 'text',
          text: 'so',
          citations: [
            { type: 'web_search_result_location', cited_text: 'c', url: 'https://a', title: 'T' },
          ],
        },
      ],
    });
    expect(kinds(view.messages[0]?.blocks)).toEqual(['toolCall', 'toolResult', 'text']);
    expect(view.messages[0]?.blocks[1]).toMatchObject({
      name: 'web_search',
      blocks: [{ kind: 'searchResult', url: 'https://a' }],
    });
    expect(view.messages[0]?.blocks[2]).toMatchObject({
      citations: [{ title: 'T', quote: 'c', url: 'https://a' }],
    });
    expect(view.stopReason).toBe('end_turn');
  });

  it('shows an error as one', () => {
    const view = viewResponse('anthropic_messages', {
      type: 'error',
      error: { type: 'overloaded_error', message: 'Overloaded' },
    });
    expect(view.error).toEqual({ type: 'overloaded_error', message: 'Overloaded' });
    expect(view.opaque).toBe(true);
  });
});

describe('OpenAI Chat', () => {
  it('lifts instructions out and keeps the places of the rest', () => {
    const view = viewRequest('openai_chat', {
      model: 'gpt-5',
      messages: [
        { role: 'system', content: 'S' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'u' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } },
          ],
        },
        {
          role: 'assistant',
          content: null,
          reasoning_content: 'hm',
          tool_calls: [
            { id: 'c', type: 'function', function: { name: 'f', arguments: '{"a":1}' } },
          ],
        },
        { role: 'tool', tool_call_id: 'c', content: '3' },
      ],
      tools: [
        {
          type: 'function',
          function: { name: 'f', description: 'd', parameters: { type: 'object' } },
        },
      ],
    });
    expect(view.system).toMatchObject([{ text: 'S', role: 'system', index: 0 }]);
    expect(view.messages.map((one) => one.index)).toEqual([1, 2, 3]);
    expect(kinds(view.messages[0]?.blocks)).toEqual(['text', 'image']);
    expect(view.messages[1]?.blocks).toMatchObject([
      { kind: 'thinking', text: 'hm' },
      { kind: 'toolCall', input: { a: 1 } },
    ]);
    expect(view.messages[2]?.blocks).toMatchObject([
      { kind: 'toolResult', name: 'f', blocks: [{ text: '3' }] },
    ]);
    expect(view.tools).toMatchObject([{ name: 'f', schema: { type: 'object' } }]);
  });

  it('keeps arguments that are not JSON as text, and every choice', () => {
    const view = viewResponse('openai_chat', {
      choices: [
        {
          index: 0,
          finish_reason: 'tool_calls',
          message: {
            role: 'assistant',
            tool_calls: [{ id: 'c', function: { name: 'f', arguments: '{"a":' } }],
          },
        },
        { index: 1, message: { role: 'assistant', content: 'b', refusal: 'no' } },
      ],
    });
    expect(view.messages[0]?.blocks).toMatchObject([{ input: '{"a":' }]);
    expect(view.messages[1]?.blocks).toMatchObject([{ text: 'b' }, { text: 'no', refusal: true }]);
    expect(view.stopReason).toBe('tool_calls');
  });
});

describe('OpenAI Responses', () => {
  it('has an entry for every item', () => {
    const view = viewRequest('openai_responses', {
      model: 'gpt-5',
      instructions: 'I',
      input: [
        { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'D' }] },
        { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'u' }] },
        { type: 'reasoning', encrypted_content: 'zzzz', summary: [] },
        { type: 'function_call', call_id: 'c', name: 'shell', arguments: '{"command":["ls"]}' },
        { type: 'function_call_output', call_id: 'c', output: 'ok' },
        { type: 'custom_tool_call', call_id: 'p', name: 'apply_patch', input: '*** Begin Patch' },
        { type: 'never_heard_of', x: 1 },
      ],
      tools: [
        { type: 'custom', name: 'apply_patch', format: { type: 'grammar' } },
        { type: 'web_search' },
      ],
    });
    expect(view.system.map((one) => one.text)).toEqual(['I', 'D']);
    expect(view.messages.map((one) => [one.index, one.role, kinds(one.blocks)[0]])).toEqual([
      [1, 'user', 'text'],
      [2, 'assistant', 'redacted'],
      [3, 'assistant', 'toolCall'],
      [4, 'tool', 'toolResult'],
      [5, 'assistant', 'toolCall'],
      [6, 'assistant', 'unknown'],
    ]);
    expect(view.messages[3]?.blocks[0]).toMatchObject({ name: 'shell' });
    expect(view.tools.map((one) => one.name)).toEqual(['apply_patch', 'web_search']);
  });

  it('takes a plain input and says why an answer is incomplete', () => {
    expect(viewRequest('openai_responses', { input: 'hi' }).messages).toMatchObject([
      { role: 'user', blocks: [{ text: 'hi' }] },
    ]);
    const view = viewResponse('openai_responses', {
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      output: [
        {
          type: 'message',
          role: 'assistant',
          content: [
            {
              type: 'output_text',
              text: 'a',
              annotations: [{ type: 'url_citation', url: 'https://a', title: 'A' }],
            },
          ],
        },
      ],
    });
    expect(view.stopReason).toBe('max_output_tokens');
    expect(view.messages[0]?.blocks).toMatchObject([{ text: 'a', citations: [{ title: 'A' }] }]);
  });
});

describe('Gemini', () => {
  it('reads parts, wrapped or not', () => {
    const inner = {
      systemInstruction: { parts: [{ text: 'S' }] },
      contents: [
        {
          role: 'user',
          parts: [{ text: 'u' }, { inlineData: { mimeType: 'image/png', data: 'AA==' } }],
        },
        {
          role: 'model',
          parts: [
            { text: 't', thought: true },
            { functionCall: { name: 'f', args: { a: 1 } }, thoughtSignature: 'zz' },
          ],
        },
        { role: 'user', parts: [{ functionResponse: { name: 'f', response: { output: 'o' } } }] },
      ],
      tools: [
        { functionDeclarations: [{ name: 'f', parametersJsonSchema: {} }] },
        { googleSearch: {} },
      ],
      generationConfig: { temperature: 1 },
    };
    for (const body of [inner, { model: 'm', project: 'p', request: inner }]) {
      const view = viewRequest('gemini', body);
      expect(view.system.map((one) => one.text)).toEqual(['S']);
      expect(view.messages.map((one) => [one.role, ...kinds(one.blocks)])).toEqual([
        ['user', 'text', 'image'],
        ['assistant', 'thinking', 'toolCall'],
        ['tool', 'toolResult'],
      ]);
      expect(view.tools.map((one) => one.name)).toEqual(['f', 'googleSearch']);
      expect(view.config['generationConfig']).toEqual({ temperature: 1 });
    }
  });

  it('puts the pieces of an array together', () => {
    const piece = (text: string) => ({
      candidates: [{ content: { role: 'model', parts: [{ text }] } }],
    });
    const view = viewResponse('gemini', [
      piece('a'),
      piece('b'),
      { usageMetadata: { totalTokenCount: 3 } },
    ]);
    expect(view.messages[0]?.blocks).toMatchObject([{ text: 'a' }, { text: 'b' }]);
    expect(view.usage).toEqual({ totalTokenCount: 3 });
  });
});
