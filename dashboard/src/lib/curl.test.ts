import { describe, expect, it } from 'vitest';
import { parseJson, readPasted, shellWords } from './curl';

describe('readPasted', () => {
  it('takes a JSON body', () => {
    const found = readPasted(' {"model":"m"} ');
    expect(found).toMatchObject({
      ok: true,
      request: { path: '/v1/messages', body: { model: 'm' } },
    });
  });
  it('takes a curl line as people write it', () => {
    const line = `curl -sS 'http://127.0.0.1:3001/v1/chat/completions?x=1' \\
      -H 'Content-Type: application/json' -H "authorization: Bearer $KEY" -X POST \\
      --data-raw $'{"model":"it\\'s","n":"\\u0041"}' --compressed`;
    const found = readPasted(line);
    expect(found).toMatchObject({
      ok: true,
      request: {
        path: '/v1/chat/completions?x=1',
        headers: { 'content-type': 'application/json', authorization: 'Bearer $KEY' },
        body: { model: "it's", n: 'A' },
      },
    });
  });
  it('takes joined options and an address with a variable', () => {
    const found = readPasted(`$ curl "$WEIR/v1/responses" -d'{"model":"a"}' --header='x-y: z'`);
    expect(found).toMatchObject({
      ok: true,
      request: { path: '/v1/responses', headers: { 'x-y': 'z' } },
    });
  });
  it('says what is wrong', () => {
    expect(readPasted('')).toMatchObject({ ok: false });
    expect(readPasted("curl 'x")).toMatchObject({
      ok: false,
      error: expect.stringContaining('single quote') as string,
    });
    expect(readPasted('curl http://a/v1/messages')).toMatchObject({
      ok: false,
      error: expect.stringContaining('no body') as string,
    });
    expect(readPasted('curl -d @body.json http://a/b')).toMatchObject({
      ok: false,
      error: expect.stringContaining('body.json') as string,
    });
  });
  it('splits words', () => {
    expect(shellWords(`a "b c"'d' e\\ f ''`)).toEqual(['a', 'b cd', 'e f', '']);
  });
});

describe('parseJson', () => {
  it('names the place of an error', () => {
    const found = parseJson('{\n  "a": 1,\n  "b": }\n}');
    expect(found).toMatchObject({ ok: false, line: 3 });
    expect(parseJson('{"a":')).toMatchObject({ ok: false, line: 1 });
  });
});
