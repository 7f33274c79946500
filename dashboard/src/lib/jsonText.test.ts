import { describe, expect, it } from 'vitest';
import { formatJson } from './jsonText';

describe('formatJson', () => {
  it('lays out and keeps every digit and escape', () => {
    const text = '{"n":12345678901234567890,"s":"a\\u00e9,{\\"",  "e":{ },"l":[1.0,[]]}';
    expect(formatJson(text)).toBe(
      '{\n  "n": 12345678901234567890,\n  "s": "a\\u00e9,{\\"",\n  "e": {},\n  "l": [\n    1.0,\n    []\n  ]\n}',
    );
    expect(formatJson(formatJson(text))).toBe(formatJson(text));
  });
  it('leaves alone what is not JSON', () => {
    expect(formatJson('{"a":')).toBe('{"a":');
  });
});
