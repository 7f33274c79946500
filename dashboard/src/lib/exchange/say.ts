// Figures in the words of people.

export { bytes, count, duration as ms, moment, money } from '../format/format';

/** How the whole time feels: under one second, under three, longer. */
export function speed(value: number | undefined): { word: string; tone: string } | undefined {
  if (value === undefined) return undefined;
  if (value < 1000) return { word: 'Fast', tone: 'good' };
  return value < 3000 ? { word: 'Normal', tone: '' } : { word: 'Slow', tone: 'warn' };
}

export function tone(status: number | undefined): string {
  if (status === undefined) return '';
  if (status < 300) return 'good';
  return status < 400 ? 'warn' : 'bad';
}

const STATES: Readonly<Record<string, string>> = {
  open: 'under way',
  complete: 'complete',
  interrupted: 'interrupted: weir was stopped before it ended',
  client_gone: 'the client left',
  upstream_broke: 'the provider broke off',
  gateway_error: 'refused by weir',
  lost: 'its end was never recorded',
};

export function state(value: string): string {
  return Object.hasOwn(STATES, value) ? (STATES[value] ?? value) : value;
}

const DIALECTS: Readonly<Record<string, string>> = {
  anthropic_messages: 'Anthropic Messages',
  openai_chat: 'OpenAI Chat',
  openai_responses: 'OpenAI Responses',
  gemini: 'Gemini',
};

export function dialect(value: string): string {
  return Object.hasOwn(DIALECTS, value) ? (DIALECTS[value] ?? value) : value;
}
