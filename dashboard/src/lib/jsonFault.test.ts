import { describe, expect, it } from 'vitest';
import { jsonFault } from './jsonFault';

describe('jsonFault', () => {
  it('finds nothing in JSON', () => {
    for (const text of [
      '{}',
      '[]',
      '{"a":[1,-2.5e3,true,null,"x\\u00e9"],"b":{}}',
      ' 1 ',
      '""',
      '[[],[{}]]',
    ]) {
      JSON.parse(text);
      expect(jsonFault(text)).toBeUndefined();
    }
  });
  it('finds the first fault', () => {
    for (const [text, at, message] of [
      ['', 0, 'a value'],
      ['{"a":', 5, 'a value'],
      ['{"a":1,}', 7, 'a name'],
      ['[1,]', 3, 'a value'],
      ['{"a" 1}', 5, 'a colon'],
      ['[1 2]', 3, ', or ]'],
      ['{} x', 3, 'more after'],
      ['"a\nb"', 0, 'not closed'],
      ["{'a':1}", 1, 'double quotes'],
      ['[01]', 2, ', or ]'],
    ] as const) {
      expect(() => JSON.parse(text) as unknown).toThrow();
      const fault = jsonFault(text);
      expect(fault?.at, text).toBe(at);
      expect(fault?.message, text).toContain(message);
    }
  });
});
