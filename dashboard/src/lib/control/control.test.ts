import { describe, expect, it } from 'vitest';
import { ApiError } from '$lib/api/client';
import type { Spec } from '$lib/api/types';
import { FormFaults } from './faults.svelte';
import { searcher } from './rows';
import { changed, draftOf, lines, specOf, spending, told } from './spec';
import { minutesOf, PRESETS, snippets, span, stateAt, withers } from './token';

const SPEC = {
  rules: {
    allowed_models: ['claude-*', 'gpt-5.4'],
    allowed_endpoints: ['/v1/messages'],
    allowed_methods: [],
    allowed_origins: [],
    required_headers: ['origin'],
    param_whitelist: { max_tokens: ['5', '6*'] },
  },
  limits: { rpm: 5, tpm: 100_000 },
  budgets: [
    { period: 'day', usd: 1.5 },
    { period: 'month', usd: 20, tokens: 9 },
  ],
} as unknown as Spec;

describe('what may be done', () => {
  it('is the same after it was shown for editing and taken back', () => {
    const { spec, faults } = specOf(draftOf(SPEC));
    expect(faults).toEqual({});
    expect(spec).toEqual(SPEC);
    expect(changed(SPEC, spec)).toEqual({});
  });

  it('is the same where an answer leaves empty lists out', () => {
    const bare = { rules: {}, limits: {}, budgets: [] } as unknown as Spec;
    expect(changed(bare, specOf(draftOf(bare)).spec)).toEqual({});
    expect(told(bare)).toEqual([]);
  });

  it('sends only what was changed', () => {
    const draft = draftOf(SPEC);
    draft.limits.rpm = '';
    const { spec } = specOf(draft);
    expect(changed(SPEC, spec)).toEqual({ limits: { tpm: 100_000 } });
  });

  it('says of each field what is wrong with it', () => {
    const draft = draftOf();
    draft.limits.tpm = 'many';
    draft.limits.rpm = '0';
    draft.params = 'max_tokens';
    draft.budgets = [
      { period: 'day', usd: '', tokens: '' },
      { period: 'day', usd: '-1', tokens: '1.5' },
    ];
    expect(Object.keys(specOf(draft).faults).sort()).toEqual([
      'budgets[0]',
      'budgets[1]',
      'budgets[1].tokens',
      'budgets[1].usd',
      'limits.rpm',
      'limits.tpm',
      'rules.param_whitelist',
    ]);
  });

  it('keeps rules to the letter where only something else was changed', () => {
    const odd = [{ stop: ['a,b'] }, { 'a:b': [' x', '"', ''] }, { stop: [] }, { n: ['a\nb'] }];
    for (const param_whitelist of odd) {
      const rules = { ...SPEC.rules, allowed_models: ['a,b', ' c '], param_whitelist };
      const before = { ...SPEC, rules } as unknown as Spec;
      const draft = draftOf(before);
      draft.budgets = [];
      const { spec, faults } = specOf(draft, before);
      expect(faults).toEqual({});
      expect(changed(before, spec)).toEqual({ budgets: [] });
    }
  });

  it('keeps parameters that stand beside one that was changed', () => {
    const stop = ['a,b', '["a","b"]', '"', 'say "a", then', '\\', '', ' x', 'a\nb', '[1]'];
    const param_whitelist = { stop, 'a:b': ['1'], '"q"': ['2'], max_tokens: ['5'] };
    const before = { ...SPEC, rules: { ...SPEC.rules, param_whitelist } } as unknown as Spec;
    const draft = draftOf(before);
    draft.params = draft.params.replace('max_tokens: 5', 'max_tokens: 6');
    const { spec, faults } = specOf(draft, before);
    expect(faults).toEqual({});
    expect(spec.rules.param_whitelist).toEqual({ ...param_whitelist, max_tokens: ['6'] });
  });

  it('reads parameters as people type them, and says which line is none', () => {
    const draft = draftOf();
    draft.params = 'temperature : 0,1 ,\nstop: "a,b", c"d';
    const { spec, faults } = specOf(draft);
    expect(faults).toEqual({});
    expect(spec.rules.param_whitelist).toEqual({ temperature: ['0', '1'], stop: ['a,b', 'c"d'] });
    for (const line of ['stop:', 'stop: ,', ': a', 'stop: "\\x"']) {
      draft.params = line;
      expect(specOf(draft).faults['rules.param_whitelist'], line).toContain(line);
    }
  });

  it('reads lists by lines, and numbers with their groups', () => {
    expect(lines(' a\n\n b, c \n')).toEqual(['a', 'b, c']);
    const draft = draftOf();
    draft.limits.tpm = '1,000,000';
    expect(specOf(draft).spec.limits).toEqual({ tpm: 1_000_000 });
  });

  it('is told in words, and not at all where everything is allowed', () => {
    expect(told(specOf(draftOf()).spec)).toEqual([]);
    expect(told(SPEC)).toEqual([
      ['Models', 'claude-*, gpt-5.4'],
      ['Endpoints', '/v1/messages'],
      ['Headers needed', 'origin'],
      ['Parameters', 'max_tokens: 5, 6*'],
      ['Limits', '5 requests a minute, 100,000 tokens a minute'],
    ]);
  });
});

describe('spending', () => {
  it('has a line for each unit of a budget, from nothing used on', () => {
    const usage = [
      { period: 'month' as const, usd: 5, tokens: 3, resets_at: '2026-12-01T00:00:00Z' },
    ];
    expect(spending(SPEC.budgets, usage)).toEqual([
      { period: 'day', unit: 'usd', used: 0, most: 1.5, resetsAt: undefined },
      { period: 'month', unit: 'usd', used: 5, most: 20, resetsAt: '2026-12-01T00:00:00Z' },
      { period: 'month', unit: 'tokens', used: 3, most: 9, resetsAt: '2026-12-01T00:00:00Z' },
    ]);
  });
});

describe('tokens', () => {
  const NOW = Date.parse('2026-11-21T12:00:00Z');
  const after = (ms: number) => new Date(NOW + ms).toISOString();

  it('wither, and say how soon', () => {
    expect(withers(after(3 * 3_600_000), NOW)).toBe('withers in 3 h');
    expect(withers(after(3 * 3_600_000 + 5 * 60_000), NOW)).toBe('withers in 3 h 5 min');
    expect(withers(after(-2 * 86_400_000), NOW)).toBe('withered 2 d ago');
    expect(withers(null, NOW)).toBe('never withers');
    expect(span(364.9 * 86_400_000)).toBe('364 d');
    expect(span(59_999)).toBe('59 s');
  });

  it('are expired from that second on, unless they were revoked before', () => {
    const expires_at = after(0);
    expect(stateAt({ state: 'active', expires_at }, NOW)).toBe('expired');
    expect(stateAt({ state: 'active', expires_at }, NOW - 1)).toBe('active');
    expect(stateAt({ state: 'revoked', expires_at }, NOW)).toBe('revoked');
  });

  it('live for what is typed, between a minute and a year', () => {
    expect([minutesOf('90'), minutesOf('36h'), minutesOf('2 w')]).toEqual([90, 2160, 20_160]);
    expect([minutesOf('0'), minutesOf('366d'), minutesOf('soon')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(PRESETS[0]?.minutes).toBe(5);
    expect(PRESETS.at(-1)?.label).toBe('365 days');
  });

  it('are in every snippet, with the address', () => {
    for (const one of snippets('http://weir:3001', 'sk-SECRET')) {
      expect(one.text, one.id).toContain('sk-SECRET');
      expect(one.text, one.id).toContain('http://weir:3001');
    }
  });
});

describe('faults of a form', () => {
  it('are those of what was typed, until it fits', () => {
    const faults = new FormFaults();
    expect(faults.fits({ name: 'A project needs a name.' })).toBe(false);
    expect(faults.told).toContain('fields in red');
    expect(faults.fits({})).toBe(true);
    expect(faults.told).toBe('');
  });

  it('are at the field that the API names, and none where somebody else was faster', () => {
    const faults = new FormFaults();
    faults.refused(new ApiError(400, { error: 'no such pattern', field: 'rules.allowed_models' }));
    expect(faults.of['rules.allowed_models']).toContain('no such pattern');
    faults.clear();
    faults.refused(new ApiError(412, { error: 'it was changed' }));
    expect([faults.late, faults.told, faults.of]).toEqual([true, '', {}]);
    faults.refused(new ApiError(0, {}));
    expect([faults.late, faults.told]).toEqual([false, 'weir cannot be reached']);
  });
});

describe('a search', () => {
  it('finds what holds all of its words, in any case and order', () => {
    expect(searcher('People fre')('fresh of people')).toBe(true);
    expect(searcher('people gone')('fresh of people')).toBe(false);
    expect(searcher('  ')('anything')).toBe(true);
  });
});
