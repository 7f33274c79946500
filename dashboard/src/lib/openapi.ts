// An OpenAPI 3.1 document as a page needs it: operations by tag, each with its parameters, bodies
// and answers, every `$ref` resolved as far as it is shown.

import { arr, isObj, obj, str } from '$lib/dialects/json';

type Json = Record<string, unknown>;

const text = (value: unknown): string => str(value) ?? '';

export interface Parameter {
  name: string;
  in: string;
  required: boolean;
  description: string;
  schema: Json;
}

export interface Reply {
  status: string;
  description: string;
  content: { type: string; schema: Json }[];
}

export interface Operation {
  id: string;
  method: string;
  path: string;
  tag: string;
  summary: string;
  description: string;
  parameters: Parameter[];
  body?: { required: boolean; description: string; type: string; schema: Json };
  replies: Reply[];
}

export interface ApiDocument {
  title: string;
  version: string;
  description: string;
  tags: { name: string; description: string; operations: Operation[] }[];
  count: number;
  schemas: Json;
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete', 'head', 'options'];

/** Reads the document; parts that are not as they should be are left out. */
export function readDocument(document: unknown): ApiDocument {
  const root = obj(document);
  const info = obj(root['info']);
  const told = new Map(
    arr(root['tags']).map((tag) => [text(obj(tag)['name']), text(obj(tag)['description'])]),
  );
  const byTag = new Map<string, Operation[]>();
  for (const name of told.keys()) byTag.set(name, []);
  let count = 0;
  for (const [path, item] of Object.entries(obj(root['paths']))) {
    for (const method of METHODS) {
      const found = obj(item)[method];
      if (!isObj(found)) continue;
      const operation = read(root, path, method, obj(item), found);
      count += 1;
      byTag.set(operation.tag, [...(byTag.get(operation.tag) ?? []), operation]);
    }
  }
  return {
    title: text(info['title']) || 'API',
    version: text(info['version']),
    description: text(info['description']),
    tags: [...byTag]
      .filter(([, operations]) => operations.length > 0)
      .map(([name, operations]) => ({ name, description: told.get(name) ?? '', operations })),
    count,
    schemas: obj(obj(root['components'])['schemas']),
  };
}

function read(root: Json, path: string, method: string, item: Json, found: Json): Operation {
  const parameters = [...arr(item['parameters']), ...arr(found['parameters'])].map(
    (each): Parameter => {
      const parameter = resolve(root, obj(each));
      return {
        name: text(parameter['name']),
        in: text(parameter['in']),
        required: parameter['required'] === true,
        description: text(parameter['description']),
        schema: obj(parameter['schema']),
      };
    },
  );
  const request = resolve(root, obj(found['requestBody']));
  const [bodyType = '', bodyContent] = Object.entries(obj(request['content']))[0] ?? [];
  const replies = Object.entries(obj(found['responses'])).map(([status, each]): Reply => {
    const reply = resolve(root, obj(each));
    const content = Object.entries(obj(reply['content'])).map(([type, media]) => ({
      type,
      schema: obj(obj(media)['schema']),
    }));
    return { status, description: text(reply['description']), content };
  });
  return {
    id: `${method}-${path.replace(/[^A-Za-z0-9]+/g, '-').replace(/^-|-$/g, '')}`,
    method: method.toUpperCase(),
    path,
    tag: text(arr(found['tags'])[0]) || path.split('/')[2] || 'other',
    summary: text(found['summary']) || text(found['operationId']).replaceAll('_', ' '),
    description: text(found['description']),
    parameters,
    ...(bodyType === ''
      ? {}
      : {
          body: {
            required: request['required'] === true,
            description: text(request['description']),
            type: bodyType,
            schema: obj(obj(bodyContent)['schema']),
          },
        }),
    replies,
  };
}

/** What a `$ref` within the document refers to, or the thing itself. */
function resolve(root: Json, thing: Json): Json {
  const ref = text(thing['$ref']);
  if (!ref.startsWith('#/')) return thing;
  let at: unknown = root;
  for (const part of ref.slice(2).split('/'))
    at = obj(at)[part.replaceAll('~1', '/').replaceAll('~0', '~')];
  return obj(at);
}

/** The name that a schema refers to. */
export function refName(schema: Json): string | undefined {
  const ref = text(schema['$ref']);
  return ref === '' ? undefined : ref.slice(ref.lastIndexOf('/') + 1);
}

/** A schema without its `$ref`, and without `null` among its kinds. */
export function plain(schema: Json, schemas: Json): Json {
  const name = refName(schema);
  if (name !== undefined) return plain(obj(schemas[name]), schemas);
  for (const word of ['oneOf', 'anyOf']) {
    const real = arr(schema[word])
      .map(obj)
      .filter((one) => one['type'] !== 'null');
    if (real.length === 1 && real[0]) return plain(real[0], schemas);
  }
  const all = arr(schema['allOf']).map(obj);
  if (all.length === 0) return schema;
  const parts = all.map((part) => plain(part, schemas));
  return {
    ...schema,
    type: 'object',
    properties: Object.assign({}, ...parts.map((part) => obj(part['properties']))) as Json,
    required: parts.flatMap((part) => arr(part['required'])),
  };
}

/** A schema's kind in a few words: `string`, `integer | null`, `RequestLog[]`. */
export function kindOf(schema: Json, schemas: Json): string {
  const name = refName(schema);
  if (name !== undefined) return name;
  for (const word of ['oneOf', 'anyOf']) {
    const kinds = arr(schema[word]).map((one) => kindOf(obj(one), schemas));
    if (kinds.length > 0) return [...new Set(kinds)].join(' | ');
  }
  const allOf = arr(schema['allOf']).map((one) => kindOf(obj(one), schemas));
  if (allOf.length > 0) return allOf.filter((kind) => kind !== 'object').join(' & ') || 'object';
  const values = arr(schema['enum']);
  if (values.length > 0 && values.length <= 8)
    return values.map((value) => JSON.stringify(value)).join(' | ');
  const types = Array.isArray(schema['type']) ? schema['type'] : [schema['type']];
  const words = types.map((type) => {
    if (type === 'array') return `${kindOf(obj(schema['items']), schemas)}[]`;
    if (type === 'object' && isObj(schema['additionalProperties'])) {
      return `{ name: ${kindOf(schema['additionalProperties'], schemas)} }`;
    }
    const format = text(schema['format']);
    return typeof type === 'string'
      ? format === '' || type === 'integer' || type === 'null'
        ? type
        : `${type} (${format})`
      : 'any';
  });
  return words.join(' | ');
}

export interface Property {
  name: string;
  kind: string;
  required: boolean;
  description: string;
  schema: Json;
  nested: boolean;
}

/** The properties of a schema, or of the items of a list. */
export function propertiesOf(schema: Json, schemas: Json): Property[] {
  let real = plain(schema, schemas);
  while (real['type'] === 'array') real = plain(obj(real['items']), schemas);
  const required = new Set(arr(real['required']).map(text));
  return Object.entries(obj(real['properties'])).map(([name, each]) => {
    const property = obj(each);
    return {
      name,
      kind: kindOf(property, schemas),
      required: required.has(name),
      description: text(property['description']),
      schema: property,
      nested: hasProperties(property, schemas),
    };
  });
}

/** Whether there is more to show within a schema. */
export function hasProperties(schema: Json, schemas: Json): boolean {
  let real = plain(schema, schemas);
  while (real['type'] === 'array') real = plain(obj(real['items']), schemas);
  return Object.keys(obj(real['properties'])).length > 0;
}

/** A value that a schema allows, to begin with. */
export function sample(schema: Json, schemas: Json, depth = 0): unknown {
  if (schema['example'] !== undefined) return schema['example'];
  const real = plain(schema, schemas);
  if (real['example'] !== undefined) return real['example'];
  if (real['default'] !== undefined) return real['default'];
  const first = arr(real['enum'])[0] ?? arr(real['examples'])[0];
  if (first !== undefined) return first;
  const choice = arr(real['oneOf'] ?? real['anyOf'])[0];
  if (choice !== undefined) return sample(obj(choice), schemas, depth + 1);
  const type = Array.isArray(real['type'])
    ? real['type'].find((each) => each !== 'null')
    : real['type'];
  switch (type) {
    case 'object': {
      if (depth > 3) return {};
      const result: Json = {};
      const required = arr(real['required']).map(text);
      for (const [name, property] of Object.entries(obj(real['properties']))) {
        if (depth === 0 || required.includes(name))
          result[name] = sample(obj(property), schemas, depth + 1);
      }
      return result;
    }
    case 'array':
      return depth > 3 ? [] : [sample(obj(real['items']), schemas, depth + 1)];
    case 'integer':
    case 'number':
      return real['minimum'] ?? 1;
    case 'boolean':
      return true;
    case 'string':
      return real['format'] === 'date-time' ? '2026-01-31T12:00:00.000Z' : '...';
    default:
      return null;
  }
}

/** A command that makes the call, ready to be completed. */
export function curlOf(operation: Operation, base: string, schemas: Json): string {
  const needed = operation.parameters.filter(
    (parameter) => parameter.in === 'query' && parameter.required,
  );
  const query = needed
    .map((parameter) => `${parameter.name}=${parameter.name.toUpperCase()}`)
    .join('&');
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name: string) => name.toUpperCase());
  const parts = ['curl'];
  if (operation.method !== 'GET') parts.push(`-X ${operation.method}`);
  parts.push(`'${base}${path}${query === '' ? '' : `?${query}`}'`);
  if (operation.body?.type.includes('json')) {
    parts.push(`\\\n  -H 'content-type: application/json'`);
    parts.push(
      `\\\n  -d '${JSON.stringify(sample(operation.body.schema, schemas)).replaceAll("'", `'\\''`)}'`,
    );
  }
  return parts.join(' ');
}

/** Whether an operation speaks of all the words. */
export function matches(operation: Operation, words: readonly string[]): boolean {
  const said = [
    operation.method,
    operation.path,
    operation.summary,
    operation.description,
    operation.tag,
    ...operation.parameters.map((parameter) => parameter.name),
  ]
    .join(' ')
    .toLowerCase();
  return words.every((word) => said.includes(word));
}
