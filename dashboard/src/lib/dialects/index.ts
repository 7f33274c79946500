// A request or an answer of any dialect as one view. Whatever comes, these do not throw.

import * as anthropic from './anthropic';
import * as gemini from './gemini';
import { arr, field, isObj, parse } from './json';
import { opaqueResponse } from './make';
import * as chat from './openai-chat';
import * as responses from './openai-responses';
import type { RequestView, ResponseView } from './view';

export type * from './view';
export { splitReminders, countReminders, toolDefinitions } from './text';

/** What the body says, read as the dialect that the gateway recognised, else as what it looks like. */
export function viewRequest(dialect: string, body: unknown): RequestView {
  const value = typeof body === 'string' ? (parse(body) ?? body) : body;
  if (!isObj(value)) return opaque(dialect, body);
  switch (known(dialect) ?? looksLike(value)) {
    case 'anthropic_messages':
      return anthropic.request(value);
    case 'openai_chat':
      return chat.request(value);
    case 'openai_responses':
      return responses.request(value);
    case 'gemini':
      return gemini.request(value);
    default:
      return opaque(dialect, value);
  }
}

/** The same of what came back: a whole body, or the message that a stream amounts to. */
export function viewResponse(dialect: string, body: unknown): ResponseView {
  const value = typeof body === 'string' ? (parse(body) ?? body) : body;
  const name = known(dialect) ?? answerLooksLike(value);
  if (name === 'gemini') return gemini.response(value);
  if (!isObj(value)) return opaqueResponse(value);
  if (name === 'anthropic_messages') return anthropic.response(value);
  if (name === 'openai_chat') return chat.response(value);
  return name === 'openai_responses' ? responses.response(value) : opaqueResponse(value);
}

const KNOWN = ['anthropic_messages', 'openai_chat', 'openai_responses', 'gemini'];

function known(dialect: string): string | undefined {
  return KNOWN.includes(dialect) ? dialect : undefined;
}

function looksLike(body: Record<string, unknown>): string | undefined {
  if (body['contents'] !== undefined || field(body['request'], 'contents') !== undefined)
    return 'gemini';
  if (body['input'] !== undefined) return 'openai_responses';
  if (!Array.isArray(body['messages'])) return undefined;
  const tool = arr(body['tools'])[0];
  const open = field(tool, 'function') !== undefined || body['max_completion_tokens'] !== undefined;
  return open ? 'openai_chat' : 'anthropic_messages';
}

function answerLooksLike(body: unknown): string | undefined {
  const first: unknown = Array.isArray(body) ? body[0] : body;
  if (field(first, 'candidates') !== undefined || field(first, 'response') !== undefined)
    return 'gemini';
  if (field(first, 'choices') !== undefined) return 'openai_chat';
  if (field(first, 'output') !== undefined) return 'openai_responses';
  return field(first, 'content') !== undefined ? 'anthropic_messages' : undefined;
}

function opaque(dialect: string, raw: unknown): RequestView {
  return { dialect, system: [], tools: [], messages: [], config: {}, opaque: true, raw };
}
