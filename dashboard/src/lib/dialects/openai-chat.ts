// OpenAI Chat Completions, and those who speak it.

import { arr, field, isObj, obj, str, without } from './json';
import {
  args,
  errorOf,
  marked,
  message,
  nameResults,
  opaqueResponse,
  plain,
  sourceOf,
  text,
  unknown,
} from './make';
import type {
  Block,
  Citation,
  Message,
  RequestView,
  ResponseView,
  SystemBlock,
  Tool,
} from './view';

export function request(body: Record<string, unknown>): RequestView {
  const model = str(body['model']);
  const all = arr(body['messages']);
  const lead = leading(all);
  return {
    dialect: 'openai_chat',
    ...(model === undefined ? {} : { model }),
    system: all.slice(0, lead).map(system),
    tools: [...arr(body['tools']), ...arr(body['functions'])].map(tool),
    messages: nameResults(all.slice(lead).map((one, at) => turn(one, at + lead))),
    config: without(body, ['model', 'messages', 'tools', 'functions']),
    opaque: false,
    raw: body,
  };
}

export function response(body: Record<string, unknown>): ResponseView {
  if (errorOf(body) !== undefined || !Array.isArray(body['choices'])) return opaqueResponse(body);
  const id = str(body['id']);
  const model = str(body['model']);
  const stopReason = str(field(body['choices'][0], 'finish_reason'));
  return {
    messages: nameResults(body['choices'].map((one: unknown, index) => choice(one, index))),
    ...(id === undefined ? {} : { id }),
    ...(model === undefined ? {} : { model }),
    ...(stopReason === undefined ? {} : { stopReason }),
    ...(body['usage'] === undefined ? {} : { usage: body['usage'] }),
    rest: without(body, ['id', 'model', 'choices', 'usage', 'object']),
    opaque: false,
    raw: body,
  };
}

/** How many messages at the head are instructions. */
export function leading(messages: readonly unknown[]): number {
  const first = messages.findIndex((one) => {
    const role = field(one, 'role');
    return role !== 'system' && role !== 'developer';
  });
  return first < 0 ? messages.length : first;
}

export function system(raw: unknown, index: number): SystemBlock {
  const role = str(field(raw, 'role'));
  return {
    text: plain(field(raw, 'content')),
    index,
    raw,
    ...(role === undefined ? {} : { role }),
    ...marked(raw),
  };
}

function choice(raw: unknown, index: number): Message {
  const one = turn(field(raw, 'message') ?? field(raw, 'delta'), index);
  return { ...one, raw };
}

function turn(raw: unknown, index: number): Message {
  if (!isObj(raw)) return message(index, 'unknown', [unknown(raw)], raw);
  const role = str(raw['role']) ?? 'assistant';
  const content = blocks(raw['content']);
  if (role === 'tool' || role === 'function') {
    const name = str(raw['name']);
    const id = str(raw['tool_call_id']) ?? '';
    const result: Block = { kind: 'toolResult', id, isError: false, blocks: content, raw };
    return message(index, 'tool', [name === undefined ? result : { ...result, name }], raw);
  }
  return message(index, role, [...thoughts(raw), ...content, ...extras(raw), ...calls(raw)], raw);
}

function thoughts(raw: Record<string, unknown>): Block[] {
  const said = str(raw['reasoning_content']) ?? str(raw['reasoning']);
  return said === undefined || said === '' ? [] : [{ kind: 'thinking', text: said, raw: said }];
}

function extras(raw: Record<string, unknown>): Block[] {
  const found: Block[] = [];
  const refusal = str(raw['refusal']);
  if (refusal !== undefined) found.push({ ...text(refusal, refusal), refusal: true });
  const citations = arr(raw['annotations']).map(citation);
  if (citations.length > 0) found.push({ ...text('', raw['annotations']), citations });
  if (isObj(raw['audio'])) {
    const data = str(raw['audio']['data']) ?? '';
    const words = str(raw['audio']['transcript']);
    found.push({
      kind: 'document',
      title: 'audio',
      mediaType: 'audio/*',
      source: { kind: 'data', value: data },
      ...(words === undefined ? {} : { text: words }),
      raw: raw['audio'],
    });
  }
  return found;
}

function calls(raw: Record<string, unknown>): Block[] {
  const found = arr(raw['tool_calls']).map((one): Block => {
    const it = obj(one);
    const inner = obj(it['function'] ?? it['custom']);
    const input = 'input' in inner ? inner['input'] : args(inner['arguments']);
    return {
      kind: 'toolCall',
      id: str(it['id']) ?? '',
      name: str(inner['name']) ?? '',
      input,
      server: false,
      raw: one,
    };
  });
  const old = raw['function_call'];
  if (isObj(old)) {
    const input = args(old['arguments']);
    found.push({
      kind: 'toolCall',
      id: '',
      name: str(old['name']) ?? '',
      input,
      server: false,
      raw: old,
    });
  }
  return found;
}

function blocks(content: unknown): Block[] {
  if (content === undefined || content === null || content === '') return [];
  if (typeof content === 'string') return [text(content, content)];
  if (!Array.isArray(content)) return [unknown(content)];
  return content.map((one: unknown) => part(one));
}

function part(raw: unknown): Block {
  if (typeof raw === 'string') return text(raw, raw);
  if (!isObj(raw)) return unknown(raw);
  const words = str(raw['text']);
  if (raw['type'] === 'text' && words !== undefined) return { ...text(words, raw), ...marked(raw) };
  if (raw['type'] === 'refusal') return { ...text(str(raw['refusal']) ?? '', raw), refusal: true };
  if (raw['type'] === 'image_url') {
    const url = str(raw['image_url']) ?? str(field(raw['image_url'], 'url')) ?? '';
    return { kind: 'image', ...sourceOf(url), raw, ...marked(raw) };
  }
  if (raw['type'] === 'file') return file(raw, obj(raw['file']));
  if (raw['type'] === 'input_audio') {
    const from = obj(raw['input_audio']);
    const source = { kind: 'data', value: str(from['data']) ?? '' } as const;
    return {
      kind: 'document',
      title: 'audio',
      mediaType: `audio/${str(from['format']) ?? '*'}`,
      source,
      raw,
    };
  }
  return unknown(raw);
}

/** A file of Chat or Responses: inline, at an address, or uploaded before. */
export function file(raw: unknown, from: Readonly<Record<string, unknown>>): Block {
  const title = str(from['filename']) ?? 'file';
  const data = str(from['file_data']) ?? str(from['file_url']);
  if (data !== undefined) return { kind: 'document', title, ...sourceOf(data), raw };
  const source = { kind: 'file', value: str(from['file_id']) ?? '' } as const;
  return { kind: 'document', title, mediaType: '', source, raw };
}

/** A tool of Chat (`function` within) or Responses (flat). */
export function tool(raw: unknown): Tool {
  const it = obj(raw);
  const inner = isObj(it['function']) ? it['function'] : isObj(it['custom']) ? it['custom'] : it;
  const schema = inner['parameters'] ?? inner['format'];
  const type = str(it['type']) ?? 'function';
  return {
    name: str(inner['name']) ?? str(it['server_label']) ?? type,
    description: str(inner['description']) ?? '',
    ...(schema === undefined ? {} : { schema }),
    type,
    deferred: it['defer_loading'] === true,
    raw,
    ...marked(raw),
  };
}

export function citation(raw: unknown): Citation {
  const it = obj(raw);
  const from = isObj(it['url_citation']) ? it['url_citation'] : it;
  const url = str(from['url']);
  const title = str(from['title']) ?? str(from['filename']) ?? url ?? 'source';
  return { title, quote: str(from['quote']) ?? '', ...(url === undefined ? {} : { url }), raw };
}
