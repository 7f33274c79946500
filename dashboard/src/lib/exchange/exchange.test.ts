import { describe, expect, it } from 'vitest';
import { Player } from './player.svelte';
import { rows } from './rows';

describe('rows of a text', () => {
  it('give the text again, whatever its lines', () => {
    for (const text of [
      '',
      '\n',
      'a',
      'a\n',
      'a\nb',
      'x'.repeat(1000),
      `${'y'.repeat(401)}\n\n${'😀'.repeat(300)}`,
    ]) {
      const made = rows(text, 100);
      const again = made.map(
        (row, at) => (row.line !== undefined && at > 0 ? '\n' : '') + text.slice(row.from, row.to),
      );
      expect(again.join('')).toBe(text);
    }
  });
  it('divide no pair of surrogates', () => {
    const text = `a${'😀'.repeat(50)}`;
    for (const row of rows(text, 10))
      expect(text.slice(row.from, row.to)).not.toMatch(/^[\udc00-\udfff]/);
  });
  it('take no long time for megabytes', () => {
    const started = performance.now();
    expect(rows('z'.repeat(5_000_000)).length).toBe(12_500);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('the player', () => {
  const delta = (text: string): string =>
    `data: ${JSON.stringify({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })}\n\n`;
  const timings = [100, 200, 900].map((elapsedMs, index) => ({ index, byteSize: 9, elapsedMs }));
  const heard = (player: Player): string =>
    player
      .parts(player.frames)
      .map((one) => one.text)
      .join('');

  it('knows what had come at each moment', () => {
    const player = new Player('anthropic_messages', ['a', 'b', 'c'].map(delta), timings, 1000);
    expect(heard(player)).toBe('abc');
    player.seek(199);
    expect(heard(player)).toBe('a');
    player.nudge(1);
    expect([heard(player), player.at]).toEqual(['ab', 200]);
    player.seek(-5);
    expect([heard(player), player.at]).toEqual(['', 0]);
    player.nudge(-1);
    expect(player.at).toBe(0);
    player.seek(9999);
    expect(player.at).toBe(1000);
  });
  it('has a pace of its own where none was recorded', () => {
    const player = new Player('anthropic_messages', ['a', 'b'].map(delta), undefined, 7000);
    expect(player.timed).toBe(false);
    expect(player.end).toBeLessThan(1000);
  });
});
