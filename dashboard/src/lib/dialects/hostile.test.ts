// Whatever arrives, the views are made and nothing of it is lost.
import { describe, expect, it } from 'vitest';
import { toolView } from '../tools/calls';
import { resultViews } from '../tools/results';
import { frame } from '../stream/frames';
import { pieces } from '../stream/pieces';
import { canonical, pretty } from './json';
import { splitReminders, toolDefinitions, viewRequest, viewResponse, type Block } from './index';

const DIALECTS = ['anthropic_messages', 'openai_chat', 'openai_responses', 'gemini', 'unknown'];
const WORDS = [
  'type',
  'text',
  'content',
  'messages',
  'role',
  'input',
  'output',
  'tools',
  'system',
  'parts',
  'contents',
  'name',
  'id',
  'tool_use',
  'tool_result',
  'thinking',
  'image',
  'image_url',
  'function_call',
  'functionCall',
  'candidates',
  'choices',
  'message',
  'source',
  'citations',
  'annotations',
  'reasoning',
  'tool_calls',
  'function',
  'arguments',
  '__proto__',
  'constructor',
  'toString',
  'web_search_tool_result',
  'document',
  'delta',
  'error',
  'request',
  'response',
  'edits',
  'old_string',
  'new_string',
  'file_path',
  'todos',
  'status',
  'command',
  'cache_control',
  'user',
  'assistant',
  'tool',
];

/** A small generator with a seed, so that a failure can be had again. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function anything(next: () => number, depth: number): unknown {
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(next() * list.length)];
  const kind = depth <= 0 ? Math.floor(next() * 5) : Math.floor(next() * 9);
  if (kind === 0) return null;
  if (kind === 1) return next() * 1e6 - 5e5;
  if (kind === 2) return next() < 0.5;
  if (kind === 3) return pick(WORDS);
  if (kind === 4)
    return pick([
      '<script>alert(1)</script>',
      '<system-reminder>a',
      '\u0000\u2028',
      '',
      '{"a":1}',
      '     1→x',
    ]);
  if (kind < 7)
    return Array.from({ length: Math.floor(next() * 4) }, () => anything(next, depth - 1));
  const made: Record<string, unknown> = {};
  for (let i = Math.floor(next() * 6); i > 0; i--) {
    Object.defineProperty(made, pick(WORDS) ?? '', {
      value: anything(next, depth - 1),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return made;
}

function walk(blocks: readonly Block[]): void {
  for (const block of blocks) {
    if (block.kind === 'text') expect(splitReminders(block.text).length).toBeLessThan(1e6);
    if (block.kind === 'toolCall')
      expect(toolView(block.name, block.input).kind).toBeTypeOf('string');
    if (block.kind === 'toolResult') walk(block.blocks);
  }
}

describe('hostile input', () => {
  it('never throws, in any dialect', () => {
    for (let seed = 1; seed <= 3000; seed++) {
      const value = anything(chance(seed), 6);
      for (const dialect of DIALECTS) {
        const asked = viewRequest(dialect, value);
        expect(asked.raw).toBeDefined();
        asked.messages.forEach((one) => {
          walk(one.blocks);
        });
        viewResponse(dialect, value).messages.forEach((one) => {
          walk(one.blocks);
        });
        pieces(dialect, frame(`data: ${JSON.stringify(value)}\n\n`));
      }
      toolView('Edit', value);
    }
  });

  it('keeps every message and every block as it came', () => {
    for (let seed = 1; seed <= 500; seed++) {
      const next = chance(seed);
      const messages = Array.from({ length: 5 }, () => ({
        role: 'user',
        content: [anything(next, 4), anything(next, 3)],
      }));
      const view = viewRequest('anthropic_messages', { messages });
      expect(view.messages.map((one) => one.raw)).toEqual(messages);
      view.messages.forEach((one, at) => {
        expect(one.blocks.map((block) => block.raw)).toEqual(messages[at]?.content);
      });
    }
  });

  it('gives the text again from reminders and the rest', () => {
    const samples = [
      'a<system-reminder>b</system-reminder>c',
      '<system-reminder>open',
      '</system-reminder>',
      '',
      '<system-reminder></system-reminder><system-reminder>x</system-reminder>',
    ];
    for (const text of samples) {
      const again = splitReminders(text)
        .map((one) =>
          one.kind === 'reminder' ? `<system-reminder>${one.text}</system-reminder>` : one.text,
        )
        .join('');
      expect(again).toBe(text);
    }
  });

  it('survives a nesting deeper than the stack', () => {
    const text = '['.repeat(20000) + ']'.repeat(20000);
    const value: unknown = JSON.parse(text);
    expect(pretty(value)).toBeTypeOf('string');
    expect(canonical(value)).toBeTypeOf('string');
    expect(
      viewRequest('anthropic_messages', { messages: [{ role: 'user', content: value }] }).messages,
    ).toHaveLength(1);
  });

  it('leaves definitions that cannot be read in the text', () => {
    const text =
      'a<functions><function>{"name":"x"}</function></functions>b<functions>{not json}</functions>';
    const { tools, rest } = toolDefinitions(text);
    expect(tools.map((one) => one.name)).toEqual(['x']);
    expect(rest).toBe('ab<functions>{not json}</functions>');
  });

  it('does not slow down on results made to slow it', () => {
    const started = performance.now();
    resultViews('1'.repeat(200_000));
    resultViews('   '.repeat(100_000));
    toolDefinitions('<functions>'.repeat(5000));
    toolDefinitions('<functions>' + '<function>'.repeat(5000));
    splitReminders('<system-reminder>'.repeat(20_000));
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
