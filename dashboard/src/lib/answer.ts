// Reads an answer as it streams in, whatever dialect it speaks: the text so far, thinking, tool
// calls, usage, how it ended. It shows; what is kept byte for byte is the gateway's.

import { arr, isObj, obj, str } from '$lib/dialects/json';

export interface Figures {
  input?: number | undefined;
  output?: number | undefined;
  cacheRead?: number | undefined;
  cacheWrite?: number | undefined;
}

export interface ToolCall {
  id: string;
  name: string;
  input: string;
}

export interface Answer {
  text: string;
  thinking: string;
  tools: ToolCall[];
  usage: Figures;
  model?: string | undefined;
  stopReason?: string | undefined;
  error?: string | undefined;
  done: boolean;
}

type Json = Record<string, unknown>;

const text = (value: unknown): string => str(value) ?? '';
const number = (value: unknown): number | undefined =>
  typeof value === 'number' ? value : undefined;

export function emptyAnswer(): Answer {
  return { text: '', thinking: '', tools: [], usage: {}, done: false };
}

/** Takes an answer in pieces. */
export class AnswerReader {
  readonly answer: Answer = emptyAnswer();
  private buffer = '';
  private readonly blocks = new Map<string, ToolCall>();

  constructor(private readonly streamed: boolean) {}

  /** Takes what came; frames that are whole are read. */
  push(piece: string): void {
    this.buffer += piece;
    if (!this.streamed) return;
    const frames = this.buffer.split(/\r?\n\r?\n/);
    this.buffer = frames.pop() ?? '';
    for (const frame of frames) this.frame(frame);
  }

  /** Takes the end. */
  end(): Answer {
    if (this.streamed) {
      if (this.buffer.trim() !== '') this.frame(this.buffer);
    } else this.whole(this.buffer);
    this.buffer = '';
    this.answer.done = true;
    return this.answer;
  }

  private frame(frame: string): void {
    const data = frame
      .split(/\r?\n/)
      .filter((line) => line.startsWith('data:'))
      .map((line) => line.slice(5).replace(/^ /, ''))
      .join('\n');
    if (data === '' || data === '[DONE]') return;
    try {
      this.event(obj(JSON.parse(data)));
    } catch {
      // A frame that is no JSON says nothing to show; the raw view has it.
    }
  }

  private whole(body: string): void {
    try {
      this.event(obj(JSON.parse(body)));
    } catch {
      this.answer.text = body;
    }
  }

  private event(event: Json): void {
    if (isObj(event['error']))
      this.answer.error = text(event['error']['message']) || JSON.stringify(event['error']);
    else if (typeof event['error'] === 'string') this.answer.error = event['error'];
    const type = text(event['type']);
    if (Array.isArray(event['choices'])) this.chat(event);
    else if (Array.isArray(event['candidates'])) this.gemini(event);
    else if (type.startsWith('response.') || event['object'] === 'response')
      this.responses(type, event);
    else this.messages(type, event);
    if (isObj(event['usageMetadata'])) this.geminiUsage(event['usageMetadata']);
  }

  private messages(type: string, event: Json): void {
    const message =
      type === 'message_start' ? obj(event['message']) : type === 'message' ? event : {};
    this.answer.model = text(message['model']) || this.answer.model;
    this.usage(obj(message['usage']));
    for (const [at, block] of arr(message['content']).entries()) this.block(String(at), obj(block));
    if (text(message['stop_reason'])) this.answer.stopReason = text(message['stop_reason']);
    const at = String(event['index'] ?? '');
    if (type === 'content_block_start') this.block(at, obj(event['content_block']));
    if (type === 'content_block_delta') {
      const delta = obj(event['delta']);
      this.answer.text += text(delta['text']);
      this.answer.thinking += text(delta['thinking']);
      const call = this.blocks.get(at);
      if (call) call.input += text(delta['partial_json']);
    }
    if (type === 'message_delta') {
      this.usage(obj(event['usage']));
      this.answer.stopReason = text(obj(event['delta'])['stop_reason']) || this.answer.stopReason;
    }
  }

  private block(at: string, block: Json): void {
    this.answer.text += text(block['text']);
    this.answer.thinking += text(block['thinking']);
    if (text(block['type']).endsWith('tool_use')) {
      const given = obj(block['input']);
      this.call(
        at,
        text(block['id']),
        text(block['name']),
        Object.keys(given).length > 0 ? JSON.stringify(given, null, 2) : '',
      );
    }
  }

  private call(at: string, id: string, name: string, input: string): ToolCall {
    let call = this.blocks.get(at);
    if (!call) {
      call = { id, name, input: '' };
      this.blocks.set(at, call);
      this.answer.tools.push(call);
    }
    call.name = call.name || name;
    call.input += input;
    return call;
  }

  private usage(usage: Json): void {
    const into = this.answer.usage;
    into.input = number(usage['input_tokens']) ?? into.input;
    into.output = number(usage['output_tokens']) ?? into.output;
    into.cacheRead = number(usage['cache_read_input_tokens']) ?? into.cacheRead;
    into.cacheWrite = number(usage['cache_creation_input_tokens']) ?? into.cacheWrite;
  }

  private chat(event: Json): void {
    this.answer.model = text(event['model']) || this.answer.model;
    for (const item of arr(event['choices'])) {
      const choice = obj(item);
      const part = obj(choice['delta'] ?? choice['message']);
      this.answer.text += text(part['content']) + text(part['refusal']);
      this.answer.thinking += text(part['reasoning_content']) || text(part['reasoning']);
      for (const [at, called] of arr(part['tool_calls']).entries()) {
        const call = obj(called);
        const made = obj(call['function']);
        this.call(
          String(call['index'] ?? at),
          text(call['id']),
          text(made['name']),
          text(made['arguments']),
        );
      }
      this.answer.stopReason = text(choice['finish_reason']) || this.answer.stopReason;
    }
    const usage = obj(event['usage']);
    const cached = number(obj(usage['prompt_tokens_details'])['cached_tokens']);
    this.openaiUsage(number(usage['prompt_tokens']), number(usage['completion_tokens']), cached);
  }

  private openaiUsage(input?: number, output?: number, cached?: number): void {
    const into = this.answer.usage;
    if (input !== undefined) into.input = input - (cached ?? 0);
    into.output = output ?? into.output;
    into.cacheRead = cached ?? into.cacheRead;
  }

  private responses(type: string, event: Json): void {
    if (type === 'response.output_text.delta') this.answer.text += text(event['delta']);
    if (type.startsWith('response.reasoning') && type.endsWith('.delta'))
      this.answer.thinking += text(event['delta']);
    const at = String(event['output_index'] ?? '');
    if (type === 'response.output_item.added') {
      const item = obj(event['item']);
      if (/_call$/.test(text(item['type'])))
        this.call(at, text(item['call_id']), text(item['name']) || text(item['type']), '');
    }
    if (/_call(?:_arguments|_input)\.delta$/.test(type))
      this.call(at, '', '', text(event['delta']));
    const response = event['object'] === 'response' ? event : obj(event['response']);
    this.answer.model = text(response['model']) || this.answer.model;
    const usage = obj(response['usage']);
    const cached = number(obj(usage['input_tokens_details'])['cached_tokens']);
    this.openaiUsage(number(usage['input_tokens']), number(usage['output_tokens']), cached);
    if (isObj(response['error'])) this.answer.error = text(response['error']['message']);
    const status = text(response['status']);
    if (status !== '' && status !== 'in_progress') this.answer.stopReason = status;
    if (event['object'] === 'response') this.output(arr(response['output']));
  }

  private output(items: readonly unknown[]): void {
    for (const [at, entry] of items.entries()) {
      const item = obj(entry);
      for (const part of arr(item['content'])) this.answer.text += text(obj(part)['text']);
      if (/_call$/.test(text(item['type']))) {
        this.call(
          String(at),
          text(item['call_id']),
          text(item['name']),
          text(item['arguments']) || text(item['input']),
        );
      }
    }
  }

  private gemini(event: Json): void {
    this.answer.model = text(event['modelVersion']) || this.answer.model;
    for (const entry of arr(event['candidates'])) {
      const candidate = obj(entry);
      for (const item of arr(obj(candidate['content'])['parts'])) {
        const part = obj(item);
        if (part['thought'] === true) this.answer.thinking += text(part['text']);
        else this.answer.text += text(part['text']);
        if (isObj(part['functionCall'])) {
          const call = part['functionCall'];
          this.call(
            `${String(this.answer.tools.length)}g`,
            text(call['id']),
            text(call['name']),
            JSON.stringify(call['args'] ?? {}, null, 2),
          );
        }
      }
      this.answer.stopReason = text(candidate['finishReason']) || this.answer.stopReason;
    }
  }

  private geminiUsage(usage: Json): void {
    const cached = number(usage['cachedContentTokenCount']);
    const output = number(usage['candidatesTokenCount']);
    const thought = number(usage['thoughtsTokenCount']);
    const all =
      output === undefined && thought === undefined ? undefined : (output ?? 0) + (thought ?? 0);
    this.openaiUsage(number(usage['promptTokenCount']), all, cached);
  }
}

/** Reads a captured answer: its body, or the frames of its stream. */
export function readCaptured(body: unknown, frames?: readonly string[], bodyText?: string): Answer {
  if (body !== undefined && body !== null) {
    const reader = new AnswerReader(false);
    reader.push(JSON.stringify(body));
    return reader.end();
  }
  const reader = new AnswerReader(frames !== undefined && frames.length > 0);
  for (const frame of frames ?? []) reader.push(frame.endsWith('\n\n') ? frame : `${frame}\n\n`);
  if (bodyText !== undefined) reader.push(bodyText);
  return reader.end();
}
