import { describe, expect, it } from 'vitest';
import type { HeaderRule } from '$lib/api/types';
import { applyRules, changes, moved, readFields, ruleFault, ruleWarning } from './headerRules';

const rule = (rest: Partial<HeaderRule>): HeaderRule => ({
  header: 'x-a',
  action: 'set',
  enabled: true,
  ...rest,
});

describe('header rules', () => {
  it('run in order, each on what the one before left', () => {
    const before = readFields('User-Agent: cli\nx-a: foo foo\nx-b: 1\nx-b: 2');
    const after = applyRules(
      [
        rule({ header: 'user-agent', action: 'block' }),
        rule({ action: 'replace', find: 'foo', value: 'bar' }),
        rule({ header: 'X-B', value: '3' }),
        rule({ header: 'x-c', value: 'new' }),
        rule({ header: 'x-c', action: 'replace', find: 'new', value: '' }),
        rule({ header: 'x-d', value: 'off', enabled: false }),
      ],
      before,
    );
    expect(after).toEqual([
      { name: 'x-a', value: 'bar bar' },
      { name: 'x-b', value: '3' },
      { name: 'x-c', value: '' },
    ]);
    expect(changes(before, after).map((one) => one.kind)).toEqual([
      'removed',
      'changed',
      'changed',
      'removed',
      'added',
    ]);
  });
  it('refuses what belongs to the connection', () => {
    for (const header of [
      'Content-Length',
      'host',
      'TE',
      'transfer-encoding',
      'connection',
      'upgrade',
    ]) {
      expect(ruleFault(rule({ header }))?.field).toBe('header');
    }
    expect(ruleFault(rule({ header: 'a b' }))?.field).toBe('header');
    expect(ruleFault(rule({ value: 'a\nb' }))?.field).toBe('value');
    expect(ruleFault(rule({ value: 'fine' }))).toBeUndefined();
  });
  it('warns of headers that clients depend on', () => {
    for (const header of [
      'anthropic-beta',
      'Retry-After',
      'anthropic-ratelimit-tokens-limit',
      'content-type',
    ]) {
      expect(ruleWarning(rule({ header }))).toContain('depend');
    }
    expect(ruleWarning(rule({}))).toBeUndefined();
    expect(ruleWarning(rule({ action: 'replace', find: '' }))).toContain('nothing');
  });
  it('are moved', () => {
    expect(moved([1, 2, 3], 0, 2)).toEqual([2, 3, 1]);
    expect(moved([1, 2, 3], 2, 0)).toEqual([3, 1, 2]);
    expect(moved([1, 2, 3], 1, 9)).toEqual([1, 3, 2]);
  });
});
