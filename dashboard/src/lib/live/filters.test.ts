import { describe, expect, it } from 'vitest';
import type { RequestSummary } from '$lib/api/types';
import { instant, keyOf, matches, readFilters, tokensOf } from './filters';

const row: RequestSummary = {
  requestId: 'a',
  timestamp: new Date().toISOString(),
  method: 'POST',
  endpoint: '/v1/messages',
  model: 'claude-opus-4-5',
  routedModel: 'GLM-4.7',
  provider: 'anthropic',
  dialect: 'anthropic_messages',
  operation: 'generate',
  state: 'complete',
  statusCode: 429,
  responseTime: 1500,
  usage: { input_tokens: 10, output_tokens: 5, cache_read_input_tokens: 100 },
  isStreaming: true,
  requestBytes: 10,
  cost: null,
};

describe('filters', () => {
  it('are read from the address, unknown names left out', () => {
    const filters = readFilters(new URLSearchParams('model=opus&page=2&status='));
    expect(filters).toEqual({ model: 'opus' });
    expect(keyOf(filters)).toContain('model=opus');
  });
  it('fit part of either model, in any case', () => {
    expect(matches(row, { model: 'OPUS' })).toBe(true);
    expect(matches(row, { model: 'glm' })).toBe(true);
    expect(matches(row, { model: 'all' })).toBe(true);
    expect(matches(row, { model: 'haiku' })).toBe(false);
  });
  it('know classes of statuses', () => {
    expect(matches(row, { status: '4xx' })).toBe(true);
    expect(matches(row, { status: 'error' })).toBe(true);
    expect(matches(row, { status: '429' })).toBe(true);
    expect(matches(row, { status: '2xx' })).toBe(false);
    expect(matches({ ...row, statusCode: 200, state: 'client_gone' }, { status: 'error' })).toBe(
      true,
    );
  });
  it('sum all four counters, and take an unknown cost for no number', () => {
    expect(tokensOf(row)).toBe(115);
    expect(matches(row, { minTokens: '115', maxTokens: '115' })).toBe(true);
    expect(matches(row, { maxCost: '5' })).toBe(false);
  });
  it('take spans ago and instants', () => {
    expect(instant('2h', 36e5 * 3)).toBe(36e5);
    expect(instant('1970-01-01T00:00:01Z', 0)).toBe(1000);
    expect(instant('soon', 0)).toBeNull();
    expect(matches(row, { start: '1h' })).toBe(true);
  });
});
