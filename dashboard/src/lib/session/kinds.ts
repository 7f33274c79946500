// What a prompt is filled with, in a fixed order, names and colours (`--c…`) with it.

import type { ContextPart, GrowthTurn, MissReason } from '../api/types';

export type Kind = ContextPart['kind'];

export const KINDS: readonly { kind: Kind; name: string; tone: string }[] = [
  { kind: 'system', name: 'System', tone: 'c2' },
  { kind: 'tools', name: 'Tools', tone: 'c8' },
  { kind: 'user', name: 'User', tone: 'c4' },
  { kind: 'assistant', name: 'Assistant', tone: 'c1' },
  { kind: 'thinking', name: 'Thinking', tone: 'c5' },
  { kind: 'toolCall', name: 'Tool calls', tone: 'c3' },
  { kind: 'toolResult', name: 'Tool results', tone: 'c7' },
  { kind: 'file', name: 'Files', tone: 'c6' },
  { kind: 'image', name: 'Images', tone: 'c9' },
  { kind: 'other', name: 'Other', tone: 'c0' },
];

export function toneOf(kind: string): string {
  return KINDS.find((one) => one.kind === kind)?.tone ?? 'c0';
}

export function nameOf(kind: string): string {
  return KINDS.find((one) => one.kind === kind)?.name ?? kind;
}

const REASONS: Readonly<Record<MissReason, string>> = {
  expired: 'the cache had expired',
  tools_changed: 'the tools changed',
  system_changed: 'the system prompt changed',
  model_changed: 'another model',
  history_changed: 'earlier messages changed',
  no_breakpoint: 'nothing was marked for the cache',
  first_turn: 'the first turn',
  provider_changed: 'another provider',
  other: 'for another reason',
};

export function reason(value: string): string {
  return Object.hasOwn(REASONS, value) ? REASONS[value as MissReason] : value.replaceAll('_', ' ');
}

/** Bytes of all kinds together. */
export function filled(turn: GrowthTurn): number {
  return Object.values(turn.byKind).reduce((sum, one) => sum + one, 0);
}

export interface Total {
  readonly kind: Kind;
  readonly bytes: number;
  readonly tokens: number;
  readonly share: number;
}

/** The parts of a prompt by kind, the largest first. Parts that have parts are counted by those. */
export function totals(parts: readonly ContextPart[]): Total[] {
  const sums = new Map<Kind, { bytes: number; tokens: number }>();
  const add = (part: ContextPart): void => {
    const children = part.children ?? [];
    if (children.length > 0) {
      children.forEach(add);
      return;
    }
    const sum = sums.get(part.kind) ?? { bytes: 0, tokens: 0 };
    sums.set(part.kind, {
      bytes: sum.bytes + part.bytes,
      tokens: sum.tokens + part.estimatedTokens,
    });
  };
  parts.forEach(add);
  const whole = [...sums.values()].reduce((sum, one) => sum + one.bytes, 0);
  return [...sums.entries()]
    .map(([kind, sum]) => ({ kind, ...sum, share: whole === 0 ? 0 : sum.bytes / whole }))
    .sort((a, b) => b.bytes - a.bytes);
}
