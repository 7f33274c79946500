// OpenAI Responses: every item of `input` and `output` is an entry of its own.

import { arr, isObj, num, obj, str, without } from './json';
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
import { citation, file, leading, system, tool } from './openai-chat';
import type { Block, Message, RequestView, ResponseView, SystemBlock } from './view';

export function request(body: Record<string, unknown>): RequestView {
  const model = str(body['model']);
  const input = body['input'];
  const all = typeof input === 'string' ? [{ role: 'user', content: input }] : arr(input);
  const lead = leading(all);
  const head: SystemBlock[] = [];
  const instructions = body['instructions'];
  if (instructions !== undefined && instructions !== null)
    head.push({ text: plain(instructions), raw: instructions });
  return {
    dialect: 'openai_responses',
    ...(model === undefined ? {} : { model }),
    system: [...head, ...all.slice(0, lead).map(system)],
    tools: arr(body['tools']).map(tool),
    messages: nameResults(all.slice(lead).map((one, at) => item(one, at + lead))),
    config: without(body, ['model', 'input', 'instructions', 'tools']),
    opaque: false,
    raw: body,
  };
}

export function response(body: Record<string, unknown>): ResponseView {
  if (!Array.isArray(body['output'])) return opaqueResponse(body);
  const error = errorOf(body);
  const id = str(body['id']);
  const model = str(body['model']);
  const why = str(obj(body['incomplete_details'])['reason']);
  const status = str(body['status']);
  const stopReason = why ?? status;
  return {
    messages: nameResults(body['output'].map((one: unknown, index) => item(one, index))),
    ...(id === undefined ? {} : { id }),
    ...(model === undefined ? {} : { model }),
    ...(stopReason === undefined ? {} : { stopReason }),
    ...(body['usage'] === undefined ? {} : { usage: body['usage'] }),
    ...(error === undefined ? {} : { error }),
    rest: without(body, ['id', 'model', 'output', 'usage', 'status', 'object']),
    opaque: false,
    raw: body,
  };
}

function item(raw: unknown, index: number): Message {
  if (typeof raw === 'string') return message(index, 'user', [text(raw, raw)], raw);
  if (!isObj(raw)) return message(index, 'unknown', [unknown(raw)], raw);
  const type = str(raw['type']) ?? 'message';
  if (type === 'message') {
    return message(index, str(raw['role']) ?? 'assistant', contents(raw['content']), raw);
  }
  if (type === 'reasoning') return message(index, 'assistant', [reasoning(raw)], raw);
  if (type.endsWith('_output')) return message(index, 'tool', [output(raw)], raw);
  if (type === 'web_search_call' || type.endsWith('_call'))
    return message(index, 'assistant', call(raw, type), raw);
  return message(index, str(raw['role']) ?? 'assistant', [unknown(raw)], raw);
}

function contents(content: unknown): Block[] {
  if (content === undefined || content === null) return [];
  if (typeof content === 'string') return [text(content, content)];
  if (!Array.isArray(content)) return [unknown(content)];
  return content.map((one: unknown) => part(one));
}

function part(raw: unknown): Block {
  if (typeof raw === 'string') return text(raw, raw);
  if (!isObj(raw)) return unknown(raw);
  const type = str(raw['type']) ?? '';
  const words = str(raw['text']);
  if (type.endsWith('text') && words !== undefined) {
    return {
      ...text(words, raw),
      citations: arr(raw['annotations']).map(citation),
      ...marked(raw),
    };
  }
  if (type === 'refusal') return { ...text(str(raw['refusal']) ?? '', raw), refusal: true };
  if (type === 'input_image') {
    const url = str(raw['image_url']);
    if (url !== undefined) return { kind: 'image', ...sourceOf(url), raw };
    return {
      kind: 'image',
      mediaType: '',
      source: { kind: 'file', value: str(raw['file_id']) ?? '' },
      raw,
    };
  }
  if (type === 'input_file') return file(raw, raw);
  return unknown(raw);
}

function reasoning(raw: Record<string, unknown>): Block {
  const said = plain(raw['summary']) || plain(raw['content']);
  const hidden = (str(raw['encrypted_content']) ?? '').length;
  if (said === '' && hidden > 0) return { kind: 'redacted', size: hidden, raw };
  return { kind: 'thinking', text: said, ...(hidden > 0 ? { signature: hidden } : {}), raw };
}

function output(raw: Record<string, unknown>): Block {
  const value = raw['output'];
  const inner =
    typeof value === 'string' || Array.isArray(value) ? contents(value) : [unknown(value)];
  const code = num(obj(value)['exit_code']);
  const isError = raw['status'] === 'failed' || (code !== undefined && code !== 0);
  return { kind: 'toolResult', id: str(raw['call_id']) ?? '', isError, blocks: inner, raw };
}

/** A call with its own output in the same item becomes the call and, after it, the result. */
function call(raw: Record<string, unknown>, type: string): Block[] {
  const own = type === 'function_call' || type === 'custom_tool_call';
  const id = str(raw['call_id']) ?? str(raw['id']) ?? '';
  const name = str(raw['name']) ?? type.replace(/_call$/, '');
  const input = own
    ? args(raw['arguments'] ?? raw['input'])
    : args(
        raw['arguments'] ??
          raw['action'] ??
          raw['code'] ??
          raw['queries'] ??
          without(raw, ['type', 'id', 'status']),
      );
  const made: Block[] = [{ kind: 'toolCall', id, name, input, server: !own, raw }];
  const image = type === 'image_generation_call' ? str(raw['result']) : undefined;
  if (image !== undefined)
    made.push({
      kind: 'image',
      mediaType: 'image/png',
      source: { kind: 'data', value: image },
      raw,
    });
  const came = raw['output'] ?? raw['outputs'] ?? raw['results'];
  if (came !== undefined && came !== null) {
    const isError = raw['error'] !== undefined && raw['error'] !== null;
    made.push({ kind: 'toolResult', id, name, isError, blocks: contents(came), raw: came });
  }
  return made;
}
