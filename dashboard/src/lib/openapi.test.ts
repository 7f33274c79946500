import { describe, expect, it } from 'vitest';
import { curlOf, kindOf, matches, propertiesOf, readDocument, sample } from './openapi';

const schemas = {
  Node: {
    type: 'object',
    required: ['name'],
    properties: {
      name: { type: 'string', description: 'what it is called' },
      next: { oneOf: [{ type: 'null' }, { $ref: '#/components/schemas/Node' }] },
      list: { type: 'array', items: { $ref: '#/components/schemas/Node' } },
      kind: { type: 'string', enum: ['a', 'b'] },
      size: { type: ['integer', 'null'], format: 'int64', minimum: 0 },
    },
  },
  Both: {
    allOf: [
      { $ref: '#/components/schemas/Node' },
      { type: 'object', properties: { more: { type: 'boolean' } } },
    ],
  },
};
const raw = {
  info: { title: 'weir', version: '1' },
  tags: [{ name: 'things', description: 'All things' }],
  paths: {
    '/api/things/{id}': {
      parameters: [{ $ref: '#/components/parameters/id' }],
      put: {
        tags: ['things'],
        summary: 'Changes one',
        parameters: [{ name: 'dry', in: 'query', required: true, schema: { type: 'boolean' } }],
        requestBody: {
          required: true,
          content: { 'application/json': { schema: { $ref: '#/components/schemas/Node' } } },
        },
        responses: {
          '200': {
            description: 'done',
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Both' } } },
          },
          '404': { description: 'none' },
        },
      },
    },
    '/health': { get: { responses: {} } },
  },
  components: {
    schemas,
    parameters: { id: { name: 'id', in: 'path', required: true, schema: { type: 'string' } } },
  },
};

describe('readDocument', () => {
  const found = readDocument(raw);
  const put = found.tags[0]?.operations[0];
  it('finds operations by tag, with references resolved', () => {
    expect(found.count).toBe(2);
    expect(put).toMatchObject({
      method: 'PUT',
      summary: 'Changes one',
      parameters: [{ name: 'id' }, { name: 'dry' }],
      replies: [{ status: '200' }, { status: '404' }],
    });
    if (!put) throw new Error('no operation');
    expect(matches(put, ['put', 'dry'])).toBe(true);
    expect(matches(put, ['nothing'])).toBe(false);
    expect(curlOf(put, 'http://w', schemas)).toContain(
      `curl -X PUT 'http://w/api/things/ID?dry=DRY'`,
    );
  });
  it('lists the properties of a schema that is put together, by its name too', () => {
    const names = propertiesOf({ $ref: '#/components/schemas/Both' }, schemas).map(
      (one) => one.name,
    );
    expect(names).toEqual(['name', 'next', 'list', 'kind', 'size', 'more']);
  });
  it('names kinds and lists properties', () => {
    const list = propertiesOf(schemas.Node, schemas);
    expect(list.map((one) => one.kind)).toEqual([
      'string',
      'null | Node',
      'Node[]',
      '"a" | "b"',
      'integer | null',
    ]);
    expect(list.map((one) => one.nested)).toEqual([false, true, true, false, false]);
    expect(propertiesOf(schemas.Both, schemas)).toHaveLength(6);
    expect(kindOf({ $ref: '#/components/schemas/Both' }, schemas)).toBe('Both');
  });
  it('makes samples that end, of schemas that hold themselves', () => {
    expect(sample(schemas.Node, schemas)).toMatchObject({ name: '...', kind: 'a', size: 0 });
  });
  it('takes anything', () => {
    expect(readDocument(null)).toMatchObject({ count: 0, tags: [] });
    expect(readDocument({ paths: { '/x': { get: 7, post: {} } } })).toMatchObject({ count: 1 });
  });
});
