// Anthropic Messages.

import { arr, field, isObj, num, obj, str, without } from './json';
import {
  DEEPEST,
  errorOf,
  marked,
  message,
  nameResults,
  opaqueResponse,
  plain,
  text,
  unknown,
} from './make';
import type {
  Block,
  Citation,
  Message,
  RequestView,
  ResponseView,
  Source,
  SystemBlock,
  Tool,
} from './view';

export function request(body: Record<string, unknown>): RequestView {
  const model = str(body['model']);
  const messages = arr(body['messages']).map((one, index) => turn(one, index));
  return {
    dialect: 'anthropic_messages',
    ...(model === undefined ? {} : { model }),
    system: system(body['system']),
    tools: arr(body['tools']).map(tool),
    messages: nameResults(messages),
    config: without(body, ['model', 'system', 'tools', 'messages']),
    opaque: false,
    raw: body,
  };
}

export function response(body: Record<string, unknown>): ResponseView {
  const error = errorOf(body);
  if (error !== undefined || !Array.isArray(body['content'])) return opaqueResponse(body);
  const id = str(body['id']);
  const model = str(body['model']);
  const stopReason = str(body['stop_reason']);
  return {
    messages: nameResults([
      message(0, str(body['role']) ?? 'assistant', blocks(body['content']), body['content']),
    ]),
    ...(id === undefined ? {} : { id }),
    ...(model === undefined ? {} : { model }),
    ...(stopReason === undefined ? {} : { stopReason }),
    ...(body['usage'] === undefined ? {} : { usage: body['usage'] }),
    rest: without(body, ['id', 'model', 'stop_reason', 'usage', 'content', 'role', 'type']),
    opaque: false,
    raw: body,
  };
}

function turn(raw: unknown, index: number): Message {
  if (!isObj(raw)) return message(index, 'unknown', [unknown(raw)], raw);
  return message(index, str(raw['role']) ?? 'unknown', blocks(raw['content']), raw);
}

function system(value: unknown): SystemBlock[] {
  if (value === undefined || value === null) return [];
  if (typeof value === 'string') return [{ text: value, raw: value }];
  if (!Array.isArray(value)) return [{ text: '', raw: value }];
  return value.map((one: unknown) => ({
    text: str(one) ?? str(field(one, 'text')) ?? '',
    raw: one,
    ...marked(one),
  }));
}

function tool(raw: unknown): Tool {
  const it = obj(raw);
  const schema = it['input_schema'];
  return {
    name: str(it['name']) ?? '(no name)',
    description: str(it['description']) ?? '',
    ...(schema === undefined ? {} : { schema }),
    type: str(it['type']) ?? 'function',
    deferred: it['defer_loading'] === true,
    raw,
    ...marked(raw),
  };
}

/** Blocks of a content in any of its shapes: text, a list, one block alone. */
export function blocks(content: unknown, depth = 0): Block[] {
  if (content === undefined || content === null) return [];
  if (typeof content === 'string') return [text(content, content)];
  if (!Array.isArray(content)) return [isObj(content) ? block(content, depth) : unknown(content)];
  return content.map((one: unknown) => {
    if (typeof one === 'string') return text(one, one);
    return isObj(one) && depth <= DEEPEST ? block(one, depth) : unknown(one);
  });
}

function block(raw: Record<string, unknown>, depth: number): Block {
  const type = str(raw['type']) ?? '';
  switch (type) {
    case 'text':
      if (typeof raw['text'] !== 'string') return unknown(raw);
      return {
        ...text(raw['text'], raw),
        citations: arr(raw['citations']).map(citation),
        ...marked(raw),
      };
    case 'thinking':
      return {
        kind: 'thinking',
        text: str(raw['thinking']) ?? '',
        signature: (str(raw['signature']) ?? '').length,
        raw,
      };
    case 'redacted_thinking':
      return { kind: 'redacted', size: (str(raw['data']) ?? '').length, raw };
    case 'image':
      return { kind: 'image', ...media(raw['source']), raw, ...marked(raw) };
    case 'document':
      return document(raw);
    case 'search_result':
    case 'web_search_result':
      return search(raw);
    default:
      return toolBlock(raw, type, depth) ?? unknown(raw);
  }
}

function toolBlock(raw: Record<string, unknown>, type: string, depth: number): Block | undefined {
  if (type === 'tool_use' || type === 'server_tool_use' || type === 'mcp_tool_use') {
    const server = type !== 'tool_use';
    const id = str(raw['id']) ?? '';
    return {
      kind: 'toolCall',
      id,
      name: str(raw['name']) ?? '',
      input: raw['input'],
      server,
      raw,
      ...marked(raw),
    };
  }
  if (type === 'tool_result' || type.endsWith('_tool_result')) {
    const content = raw['content'];
    const failed = str(field(content, 'error_code')) !== undefined;
    return {
      kind: 'toolResult',
      id: str(raw['tool_use_id']) ?? '',
      isError: raw['is_error'] === true || failed,
      blocks: blocks(content, depth + 1),
      raw,
      ...marked(raw),
    };
  }
  return undefined;
}

function media(value: unknown): { mediaType: string; source: Source } {
  const from = obj(value);
  const mediaType = str(from['media_type']) ?? '';
  const data = str(from['data']);
  const url = str(from['url']);
  const file = str(from['file_id']);
  if (url !== undefined) return { mediaType, source: { kind: 'url', value: url } };
  if (file !== undefined) return { mediaType, source: { kind: 'file', value: file } };
  return {
    mediaType,
    source: data === undefined ? { kind: 'none', value: '' } : { kind: 'data', value: data },
  };
}

function document(raw: Record<string, unknown>): Block {
  const from = obj(raw['source']);
  const inline = from['type'] === 'text' ? str(from['data']) : undefined;
  const content = from['type'] === 'content' ? plain(from['content']) : undefined;
  const words = inline ?? content;
  return {
    kind: 'document',
    title: str(raw['title']) ?? '',
    ...(words === undefined
      ? media(raw['source'])
      : { mediaType: 'text/plain', source: { kind: 'none', value: '' } }),
    ...(words === undefined ? {} : { text: words }),
    raw,
    ...marked(raw),
  };
}

function search(raw: Record<string, unknown>): Block {
  return {
    kind: 'searchResult',
    title: str(raw['title']) ?? '',
    url: str(raw['url']) ?? str(raw['source']) ?? '',
    text: plain(raw['content']) || (str(raw['page_age']) ?? ''),
    raw,
  };
}

function citation(raw: unknown): Citation {
  const it = obj(raw);
  const url = str(it['url']) ?? str(it['source']);
  const at =
    num(it['start_page_number']) ?? num(it['start_char_index']) ?? num(it['start_block_index']);
  const title = str(it['title']) ?? str(it['document_title']) ?? url ?? 'source';
  return {
    title: at === undefined ? title : `${title} · ${String(at)}`,
    quote: str(it['cited_text']) ?? '',
    ...(url === undefined ? {} : { url }),
    raw,
  };
}
