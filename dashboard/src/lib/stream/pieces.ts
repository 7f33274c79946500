// What a frame adds to the answer, in each dialect.

import { arr, field, isObj, num, obj, pretty, str } from '../dialects/json';
import type { Frame } from './frames';

export type PartKind = 'text' | 'thinking' | 'toolCall' | 'refusal' | 'error';

export interface Piece {
  /** Pieces with the same slot belong to the same part of the answer. */
  readonly slot: string;
  readonly kind: PartKind;
  /** The tool's name, where this piece says it. */
  readonly name?: string;
  readonly text: string;
}

/** Unknown frames add nothing, and nothing is an error. */
export function pieces(dialect: string, one: Frame): Piece[] {
  const json = one.json;
  if (!isObj(json)) return [];
  const failed = json['error'] ?? (json['type'] === 'error' ? json : undefined);
  if (failed !== undefined && failed !== null) {
    return [
      { slot: 'error', kind: 'error', text: str(field(failed, 'message')) ?? pretty(failed) },
    ];
  }
  switch (dialect) {
    case 'anthropic_messages':
      return anthropic(json);
    case 'openai_chat':
      return chat(json);
    case 'openai_responses':
      return responses(json);
    case 'gemini':
      return gemini(json);
    default:
      return [...anthropic(json), ...chat(json), ...responses(json), ...gemini(json)];
  }
}

function anthropic(json: Readonly<Record<string, unknown>>): Piece[] {
  const slot = String(num(json['index']) ?? 0);
  if (json['type'] === 'content_block_start') {
    const block = obj(json['content_block']);
    const type = str(block['type']) ?? '';
    if (type.endsWith('tool_use'))
      return [{ slot, kind: 'toolCall', name: str(block['name']) ?? '', text: '' }];
    if (type === 'thinking')
      return [{ slot, kind: 'thinking', text: str(block['thinking']) ?? '' }];
    if (type === 'text') return [{ slot, kind: 'text', text: str(block['text']) ?? '' }];
    return type === '' ? [] : [{ slot, kind: 'text', text: `[${type}]` }];
  }
  if (json['type'] !== 'content_block_delta') return [];
  const delta = obj(json['delta']);
  const text = str(delta['text']);
  const thinking = str(delta['thinking']);
  const partial = str(delta['partial_json']);
  if (text !== undefined) return [{ slot, kind: 'text', text }];
  if (thinking !== undefined) return [{ slot, kind: 'thinking', text: thinking }];
  return partial === undefined ? [] : [{ slot, kind: 'toolCall', text: partial }];
}

function chat(json: Readonly<Record<string, unknown>>): Piece[] {
  return arr(json['choices']).flatMap((choice, at) => {
    const n = String(num(field(choice, 'index')) ?? at);
    const delta = obj(field(choice, 'delta') ?? field(choice, 'message'));
    const made: Piece[] = [];
    const thought = str(delta['reasoning_content']) ?? str(delta['reasoning']);
    const text = str(delta['content']);
    const refusal = str(delta['refusal']);
    if (thought !== undefined && thought !== '')
      made.push({ slot: `${n}.think`, kind: 'thinking', text: thought });
    if (text !== undefined && text !== '') made.push({ slot: `${n}.text`, kind: 'text', text });
    if (refusal !== undefined && refusal !== '')
      made.push({ slot: `${n}.refusal`, kind: 'refusal', text: refusal });
    arr(delta['tool_calls']).forEach((call, index) => {
      const slot = `${n}.call.${String(num(field(call, 'index')) ?? index)}`;
      const inner = obj(field(call, 'function') ?? field(call, 'custom'));
      const name = str(inner['name']);
      const words = str(inner['arguments']) ?? str(inner['input']) ?? '';
      made.push({ slot, kind: 'toolCall', ...(name ? { name } : {}), text: words });
    });
    return made;
  });
}

function responses(json: Readonly<Record<string, unknown>>): Piece[] {
  const type = str(json['type']) ?? '';
  const slot = `${String(num(json['output_index']) ?? 0)}.${String(num(json['content_index']) ?? num(json['summary_index']) ?? 0)}`;
  const delta = str(json['delta']);
  if (type === 'response.failed') {
    const error = field(json['response'], 'error');
    return [
      { slot: 'error', kind: 'error', text: str(field(error, 'message')) ?? 'the response failed' },
    ];
  }
  if (type === 'response.output_item.added') {
    const item = obj(json['item']);
    if (!(str(item['type']) ?? '').endsWith('_call')) return [];
    return [
      { slot, kind: 'toolCall', name: str(item['name']) ?? str(item['type']) ?? '', text: '' },
    ];
  }
  if (delta === undefined) return [];
  if (type === 'response.output_text.delta') return [{ slot, kind: 'text', text: delta }];
  if (type === 'response.refusal.delta') return [{ slot, kind: 'refusal', text: delta }];
  if (type.startsWith('response.reasoning')) return [{ slot, kind: 'thinking', text: delta }];
  if (/arguments\.delta$|tool_call_input\.delta$|_code\.delta$/.test(type)) {
    return [{ slot, kind: 'toolCall', text: delta }];
  }
  return [];
}

function gemini(json: Readonly<Record<string, unknown>>): Piece[] {
  const body = isObj(json['response']) ? json['response'] : json;
  return arr(body['candidates']).flatMap((candidate, n) =>
    arr(field(field(candidate, 'content'), 'parts')).flatMap((part): Piece[] => {
      const text = str(field(part, 'text'));
      const call = field(part, 'functionCall');
      const base = String(n);
      if (text !== undefined && field(part, 'thought') === true)
        return [{ slot: `${base}.think`, kind: 'thinking', text }];
      if (text !== undefined) return [{ slot: `${base}.text`, kind: 'text', text }];
      if (!isObj(call)) return [];
      const name = str(call['name']) ?? '';
      return [
        {
          slot: `${base}.call.${name}.${pretty(call['args'])}`,
          kind: 'toolCall',
          name,
          text: pretty(call['args']),
        },
      ];
    }),
  );
}

export interface Part {
  readonly slot: string;
  readonly kind: PartKind;
  readonly name: string;
  readonly text: string;
}

/** The answer as far as these frames say it, in the order in which its parts began. */
export function assemble(steps: readonly (readonly Piece[])[], upTo = steps.length): Part[] {
  const parts = new Map<string, { slot: string; kind: PartKind; name: string; text: string[] }>();
  for (let i = 0; i < Math.min(upTo, steps.length); i++) {
    for (const piece of steps[i] ?? []) {
      const key = `${piece.kind}:${piece.slot}`;
      const part = parts.get(key) ?? { slot: key, kind: piece.kind, name: '', text: [] };
      if (piece.name !== undefined && part.name === '') part.name = piece.name;
      if (piece.text !== '') part.text.push(piece.text);
      parts.set(key, part);
    }
  }
  return [...parts.values()].map((part) => ({ ...part, text: part.text.join('') }));
}
