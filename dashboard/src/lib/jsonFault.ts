// Where JSON is wrong. Browsers say it each in their own way, or not at all.

export interface JsonFault {
  /** Characters before the place. */
  at: number;
  message: string;
}

const LITERAL = /(?:true|false|null)/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// eslint-disable-next-line no-control-regex -- control characters are what is not allowed
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const BLANKS = /[ \t\r\n]*/y;

/** The first fault of a text that is no JSON. */
export function jsonFault(text: string): JsonFault | undefined {
  let at = 0;
  const eat = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found) at += found[0].length;
    return found !== null;
  };
  const wrong = (expected: string): JsonFault => {
    const c = text[at];
    const found =
      c === undefined
        ? 'the text ends'
        : c === '"'
          ? 'a string is not closed or has an unescaped character'
          : `there is ${JSON.stringify(c)}`;
    return { at, message: c === '"' ? found : `${found} where ${expected} is expected` };
  };
  /** What is open, the innermost last. */
  const open: ('{' | '[')[] = [];
  let expect: 'value' | 'value or end' | 'name' | 'name or end' | 'next' = 'value';
  for (;;) {
    eat(BLANKS);
    const c = text[at];
    if (expect === 'next') {
      const inner = open.at(-1);
      if (inner === undefined)
        return at < text.length ? { at, message: 'there is more after the end' } : undefined;
      if (c === ',') expect = inner === '{' ? 'name' : 'value';
      else if (c === (inner === '{' ? '}' : ']')) open.pop();
      else return wrong(`, or ${inner === '{' ? '}' : ']'}`);
      at += 1;
    } else if (expect === 'name' || expect === 'name or end') {
      if (c === '}' && expect === 'name or end') {
        open.pop();
        at += 1;
        expect = 'next';
        continue;
      }
      if (!eat(STRING)) return wrong('a name in double quotes');
      eat(BLANKS);
      if (text[at] !== ':') return wrong('a colon');
      at += 1;
      expect = 'value';
    } else if (c === ']' && expect === 'value or end') {
      open.pop();
      at += 1;
      expect = 'next';
    } else if (c === '{' || c === '[') {
      open.push(c);
      at += 1;
      expect = c === '{' ? 'name or end' : 'value or end';
    } else if (eat(STRING) || eat(NUMBER) || eat(LITERAL)) expect = 'next';
    else return wrong('a value');
  }
}
