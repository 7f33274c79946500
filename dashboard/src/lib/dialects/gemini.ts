// Gemini generateContent; also wrapped, as Code Assist sends it.

import { arr, field, isObj, obj, str, without } from './json';
import { errorOf, message, nameResults, opaqueResponse, text, unknown } from './make';
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
  const inner = isObj(body['request']) && body['contents'] === undefined ? body['request'] : body;
  const model = str(body['model']);
  const outer = inner === body ? {} : without(body, ['request', 'model']);
  const contents = inner['contents'];
  const all = Array.isArray(contents) ? contents : contents === undefined ? [] : [contents];
  return {
    dialect: 'gemini',
    ...(model === undefined ? {} : { model }),
    system: system(inner['systemInstruction'] ?? inner['system_instruction']),
    tools: arr(inner['tools']).flatMap(tools),
    messages: nameResults(all.map((one: unknown, index) => turn(one, index))),
    config: {
      ...outer,
      ...without(inner, ['contents', 'tools', 'systemInstruction', 'system_instruction', 'model']),
    },
    opaque: false,
    raw: body,
  };
}

export function response(value: unknown): ResponseView {
  const outer = Array.isArray(value) ? merged(value) : obj(value);
  const body = isObj(outer['response']) ? outer['response'] : outer;
  if (!Array.isArray(body['candidates'])) {
    const usage = body['usageMetadata'];
    return { ...opaqueResponse(value), ...(usage === undefined ? {} : { usage }) };
  }
  const id = str(body['responseId']);
  const model = str(body['modelVersion']);
  const stopReason = str(field(body['candidates'][0], 'finishReason'));
  const error = errorOf(body);
  return {
    messages: nameResults(body['candidates'].map((one: unknown, index) => candidate(one, index))),
    ...(id === undefined ? {} : { id }),
    ...(model === undefined ? {} : { model }),
    ...(stopReason === undefined ? {} : { stopReason }),
    ...(body['usageMetadata'] === undefined ? {} : { usage: body['usageMetadata'] }),
    ...(error === undefined ? {} : { error }),
    rest: without(body, ['candidates', 'usageMetadata', 'modelVersion', 'responseId']),
    opaque: false,
    raw: value,
  };
}

/** The pieces of a stream that came as one array, put together as far as a view needs it. */
function merged(pieces: readonly unknown[]): Record<string, unknown> {
  let whole: Record<string, unknown> = {};
  const parts: unknown[] = [];
  let last: Record<string, unknown> = {};
  for (const piece of pieces) {
    if (!isObj(piece)) continue;
    whole = { ...whole, ...piece };
    const first = arr(piece['candidates'])[0];
    if (!isObj(first)) continue;
    parts.push(...arr(field(first['content'], 'parts')));
    last = { ...last, ...first };
  }
  if (parts.length === 0 && last['content'] === undefined) return whole;
  return { ...whole, candidates: [{ ...last, content: { role: 'model', parts } }] };
}

function candidate(raw: unknown, index: number): Message {
  const it = obj(raw);
  const made = turn(it['content'] ?? { role: 'model', parts: [] }, index);
  const citations = [
    ...arr(field(it['groundingMetadata'], 'groundingChunks')).map(grounding),
    ...arr(
      field(it['citationMetadata'], 'citationSources') ??
        field(it['citationMetadata'], 'citations'),
    ).map(grounding),
  ];
  const cited: Block[] =
    citations.length > 0 ? [{ ...text('', it['groundingMetadata']), citations }] : [];
  return { ...made, blocks: [...made.blocks, ...cited], raw };
}

function grounding(raw: unknown): Citation {
  const it = obj(raw);
  const from = isObj(it['web'])
    ? it['web']
    : isObj(it['retrievedContext'])
      ? it['retrievedContext']
      : it;
  const url = str(from['uri']);
  const title = str(from['title']) ?? url ?? 'source';
  return { title, quote: str(from['text']) ?? '', ...(url === undefined ? {} : { url }), raw };
}

function system(value: unknown): SystemBlock[] {
  if (value === undefined || value === null) return [];
  if (typeof value === 'string') return [{ text: value, raw: value }];
  const parts = Array.isArray(value) ? value : arr(field(value, 'parts'));
  if (parts.length === 0) return [{ text: str(field(value, 'text')) ?? '', raw: value }];
  return parts.map((one: unknown) => ({ text: str(field(one, 'text')) ?? '', raw: one }));
}

function tools(raw: unknown): Tool[] {
  const it = obj(raw);
  const declared = arr(it['functionDeclarations'] ?? it['function_declarations']).map(
    (one): Tool => {
      const def = obj(one);
      const schema = def['parameters'] ?? def['parametersJsonSchema'];
      return {
        name: str(def['name']) ?? '(no name)',
        description: str(def['description']) ?? '',
        ...(schema === undefined ? {} : { schema }),
        type: 'function',
        deferred: false,
        raw: one,
      };
    },
  );
  const own = Object.keys(without(it, ['functionDeclarations', 'function_declarations']));
  return [
    ...declared,
    ...own.map((name): Tool => ({
      name,
      description: '',
      schema: it[name],
      type: name,
      deferred: false,
      raw,
    })),
  ];
}

function turn(raw: unknown, index: number): Message {
  if (typeof raw === 'string') return message(index, 'user', [text(raw, raw)], raw);
  if (!isObj(raw)) return message(index, 'unknown', [unknown(raw)], raw);
  const role = str(raw['role']) ?? 'user';
  const parts = raw['parts'];
  const list = Array.isArray(parts) ? parts : parts === undefined ? [] : [parts];
  const made = list.map((one: unknown) => part(one));
  const answers = made.length > 0 && made.every((one) => one.kind === 'toolResult');
  return message(index, answers ? 'tool' : role === 'model' ? 'assistant' : role, made, raw);
}

function part(raw: unknown): Block {
  if (typeof raw === 'string') return text(raw, raw);
  if (!isObj(raw)) return unknown(raw);
  const signature = (str(raw['thoughtSignature']) ?? '').length;
  const words = str(raw['text']);
  if (words !== undefined && raw['thought'] === true)
    return { kind: 'thinking', text: words, signature, raw };
  if (words !== undefined) return text(words, raw);
  const inline = raw['inlineData'] ?? raw['inline_data'];
  if (isObj(inline)) return blob(inline, 'data', str(inline['data']) ?? '', raw);
  const stored = raw['fileData'] ?? raw['file_data'];
  if (isObj(stored))
    return blob(stored, 'file', str(stored['fileUri']) ?? str(stored['file_uri']) ?? '', raw);
  return calls(raw) ?? unknown(raw);
}

function blob(
  from: Record<string, unknown>,
  kind: 'data' | 'file',
  value: string,
  raw: unknown,
): Block {
  const mediaType = str(from['mimeType']) ?? str(from['mime_type']) ?? '';
  const source = { kind, value } as const;
  if (mediaType.startsWith('image/')) return { kind: 'image', mediaType, source, raw };
  return { kind: 'document', title: str(from['displayName']) ?? '', mediaType, source, raw };
}

function calls(raw: Record<string, unknown>): Block | undefined {
  const call = raw['functionCall'] ?? raw['function_call'];
  if (isObj(call)) {
    const id = str(call['id']) ?? '';
    return {
      kind: 'toolCall',
      id,
      name: str(call['name']) ?? '',
      input: call['args'],
      server: false,
      raw,
    };
  }
  const answer = raw['functionResponse'] ?? raw['function_response'];
  if (isObj(answer)) {
    const value = answer['response'];
    const said =
      str(field(value, 'output')) ?? str(field(value, 'result')) ?? str(field(value, 'error'));
    const isError = field(value, 'error') !== undefined;
    const inner = said === undefined ? unknown(value) : text(said, value);
    return {
      kind: 'toolResult',
      id: str(answer['id']) ?? '',
      name: str(answer['name']) ?? '',
      isError,
      blocks: [inner],
      raw,
    };
  }
  const code = raw['executableCode'];
  if (isObj(code))
    return { kind: 'toolCall', id: '', name: 'code_execution', input: code, server: true, raw };
  const result = raw['codeExecutionResult'];
  if (!isObj(result)) return undefined;
  const isError = result['outcome'] !== 'OUTCOME_OK';
  const blocks = [text(str(result['output']) ?? '', result)];
  return { kind: 'toolResult', id: '', name: 'code_execution', isError, blocks, raw };
}
