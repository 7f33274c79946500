import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { flushSync } from 'svelte';
import { loadEvery, type Loaded } from './load.svelte';

const EVERY_MS = 1000;

interface Call {
  signal: AbortSignal;
  answer: (data: string) => void;
  fail: (error: Error) => void;
}

let calls: Call[];
let loaded: Loaded<string>;
let stop: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  calls = [];
  stop = $effect.root(() => {
    loaded = loadEvery(EVERY_MS, (signal) => {
      return new Promise((answer, fail) => calls.push({ signal, answer, fail }));
    });
  });
  flushSync();
});

afterEach(() => {
  stop();
  vi.useRealTimers();
});

it('waits for an answer that takes longer than the time between two', async () => {
  await vi.advanceTimersByTimeAsync(5 * EVERY_MS);
  expect(calls).toHaveLength(1);
  expect(calls[0]?.signal.aborted).toBe(false);
  calls[0]?.answer('late');
  await vi.advanceTimersByTimeAsync(0);
  expect(loaded.data).toBe('late');
  await vi.advanceTimersByTimeAsync(EVERY_MS);
  expect(calls).toHaveLength(2);
});

it('asks no more after a failure until somebody does', async () => {
  calls[0]?.fail(new Error('broken'));
  await vi.advanceTimersByTimeAsync(3 * EVERY_MS);
  expect(calls).toHaveLength(1);
  void loaded.reload();
  calls[1]?.answer('mended');
  await vi.advanceTimersByTimeAsync(EVERY_MS);
  expect([loaded.data, loaded.error]).toEqual(['mended', undefined]);
  expect(calls).toHaveLength(3);
});

it('gives up what is under way where it is left', async () => {
  stop();
  expect(calls[0]?.signal.aborted).toBe(true);
  await vi.advanceTimersByTimeAsync(3 * EVERY_MS);
  expect(calls).toHaveLength(1);
});
