// The lines of a transcript on disk as messages. Their shape is the agent's own and may be anything;
// what is not known is shown as it stands.

import type { Conversation, ConversationMessage } from '$lib/api/types';
import { type Message, splitReminders, viewRequest } from '$lib/dialects';
import { isObj, str } from '$lib/dialects/json';

/** What the lines say, one message for each, in order from `first` on. */
export function messagesOf(lines: readonly ConversationMessage[]): readonly Message[] {
  return viewRequest('anthropic_messages', { messages: lines.map(said) }).messages;
}

/** A line in the API's own words. */
function said(line: ConversationMessage): unknown {
  const { message } = line;
  const role = line.type ?? 'line';
  if (!isObj(message)) return { role, content: message };
  const content = message['content'] ?? message['text'];
  return { ...message, role: str(message['role']) ?? role, content };
}

/** The model that said it, where the line tells. */
export function modelOf(line: ConversationMessage): string | undefined {
  return isObj(line.message) ? str(line.message['model']) : undefined;
}

/** What to call a transcript: its title, else what its user said first. */
export function titleOf(one: Conversation): string {
  const said = splitReminders(one.firstMessage).filter((part) => part.kind === 'text');
  const text = said.map((part) => part.text.trim()).join(' ');
  return one.title ?? (text.trim() || one.id);
}
