// The small makers that every dialect shares.

import { arr, canonical, field, fingerprint, isObj, obj, parse, pretty, str } from './json';
import type {
  Block,
  Message,
  ResponseView,
  TextBlock,
  ToolCallBlock,
  ToolResultBlock,
  UnknownBlock,
} from './view';

/** Contents within contents are followed this far; what lies deeper is shown raw. */
export const DEEPEST = 8;

export function text(value: string, raw: unknown): TextBlock {
  return { kind: 'text', text: value, citations: [], raw };
}

export function unknown(raw: unknown): UnknownBlock {
  return { kind: 'unknown', type: str(field(raw, 'type')) ?? 'unknown', raw };
}

/** What a `cache_control` says. */
export function cacheMark(raw: unknown): string | undefined {
  const mark = field(raw, 'cache_control');
  if (mark === undefined || mark === null) return undefined;
  const ttl = str(field(mark, 'ttl'));
  const type = str(field(mark, 'type')) ?? 'cached';
  return ttl === undefined ? type : `${type} ${ttl}`;
}

/** `{ cache }` where there is a mark, so that no key stands for nothing. */
export function marked(raw: unknown): { cache?: string } {
  const cache = cacheMark(raw);
  return cache === undefined ? {} : { cache };
}

/** Arguments as they come in text: JSON if they are, else the text. */
export function args(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  return parse(value) ?? value;
}

/** Marks for the cache move from turn to turn; they are no part of what a message says. */
const NO_PART = ['cache_control'];

export function message(
  index: number,
  role: string,
  blocks: readonly Block[],
  raw: unknown,
): Message {
  return { index, role, blocks, raw, key: fingerprint(canonical(raw, NO_PART)) };
}

/** Gives results the names of the calls that they answer. */
export function nameResults(messages: readonly Message[]): Message[] {
  const calls = new Map<string, ToolCallBlock>();
  for (const one of messages) {
    for (const block of one.blocks) {
      if (block.kind === 'toolCall' && block.id !== '') calls.set(block.id, block);
    }
  }
  return messages.map((one) => ({
    ...one,
    blocks: one.blocks.map((block) => named(block, calls)),
  }));
}

function named(block: Block, calls: ReadonlyMap<string, ToolCallBlock>): Block {
  if (block.kind !== 'toolResult') return block;
  const call = calls.get(block.id);
  if (call === undefined) return block;
  const path = str(field(call.input, 'file_path')) ?? str(field(call.input, 'path'));
  const name = block.name ?? call.name;
  return { ...block, name, ...(path === undefined ? {} : { path }) } satisfies ToolResultBlock;
}

/** The error in a body, in whichever of the usual places it is. */
export function errorOf(body: unknown): ResponseView['error'] {
  const error = field(Array.isArray(body) ? body[0] : body, 'error');
  if (error === undefined || error === null) return undefined;
  if (typeof error === 'string') {
    return { type: 'error', message: str(field(body, 'message')) ?? error };
  }
  if (!isObj(error)) return { type: 'error', message: pretty(error) };
  const type = str(error['type']) ?? str(error['status']) ?? str(error['code']) ?? 'error';
  return { type, message: str(error['message']) ?? pretty(error) };
}

/** A view of what no dialect explains. */
export function opaqueResponse(raw: unknown): ResponseView {
  const error = errorOf(raw);
  return {
    messages: [],
    rest: isObj(raw) ? raw : {},
    opaque: true,
    raw,
    ...(error ? { error } : {}),
  };
}

/** `data:` addresses and plain ones. */
export function sourceOf(url: string): {
  mediaType: string;
  source: { kind: 'data' | 'url'; value: string };
} {
  const found = /^data:([^;,]*)(;base64)?,/i.exec(url.slice(0, 200));
  if (found?.[2] !== undefined) {
    return {
      mediaType: found[1] ?? '',
      source: { kind: 'data', value: url.slice(found[0].length) },
    };
  }
  return { mediaType: found?.[1] ?? '', source: { kind: 'url', value: url } };
}

/** The texts in a content of any shape, joined. */
export function plain(content: unknown): string {
  if (typeof content === 'string') return content;
  return arr(content)
    .map((one) => (typeof one === 'string' ? one : (str(obj(one)['text']) ?? '')))
    .filter((one) => one !== '')
    .join('\n');
}
