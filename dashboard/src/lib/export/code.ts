// The same request again from a terminal or a program.

import { isObj, pretty } from '../dialects/json';
import { exported, variableOf } from './headers';
import { literal, python, shell, shellWith } from './quote';

export interface Call {
  readonly dialect: string;
  readonly method: string;
  /** Where to send it, without a path: `http://127.0.0.1:8080`. */
  readonly base: string;
  readonly path: string;
  readonly query?: string;
  readonly headers: Readonly<Record<string, readonly string[]>>;
  /** The body's own text. */
  readonly body: string;
}

export interface Snippet {
  readonly name: string;
  readonly language: 'sh' | 'python' | 'typescript';
  readonly text: string;
}

export function snippets(call: Call): Snippet[] {
  const made: Snippet[] = [{ name: 'curl', language: 'sh', text: curl(call) }];
  const body: unknown = json(call.body);
  if (!isObj(body)) return made;
  made.push({ name: 'Python', language: 'python', text: pythonSdk(call, body) });
  made.push({ name: 'TypeScript', language: 'typescript', text: typescriptSdk(call, body) });
  return made;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

export function curl(call: Call): string {
  const query = call.query === undefined || call.query === '' ? '' : `?${call.query}`;
  const lines = [`curl -sS -N ${shell(call.base + call.path + query)}`];
  if (call.method !== 'POST' || call.body === '') lines.push(`-X ${shell(call.method)}`);
  for (const header of exported(call.headers, call.dialect)) {
    const word = `${header.name}: ${header.value}`;
    lines.push(
      `-H ${header.variable === undefined ? shell(word) : shellWith(word, header.variable)}`,
    );
  }
  if (call.body !== '') lines.push(`--data-binary ${shell(call.body)}`);
  return lines.join(' \\\n  ');
}

/** What is the SDK's own to say, not an argument. */
function extras(call: Call): Record<string, string> {
  const own =
    /^(x-stainless|user-agent$|accept$|content-type$|anthropic-version$|accept-language$|sec-fetch)/i;
  const kept = exported(call.headers, call.dialect).filter(
    (one) => one.variable === undefined && !own.test(one.name),
  );
  return Object.fromEntries(kept.map((one) => [one.name, one.value]));
}

function pythonSdk(call: Call, body: Record<string, unknown>): string {
  const key = `os.environ[${literal(variableOf(call.dialect))}]`;
  const extra = extras(call);
  const headers = Object.keys(extra).length > 0 ? `\n    extra_headers=${python(extra, 1)},` : '';
  const head = (name: string): string => `import os\n\nfrom ${name}`;
  if (call.dialect === 'gemini') return pythonGemini(call, body, key);
  const stream = body['stream'] === true;
  const show = stream
    ? 'for event in answer:\n    print(event)\n'
    : 'print(answer.model_dump_json(indent=2))\n';
  const { stream: _, ...rest } = body;
  if (call.dialect === 'anthropic_messages') {
    const needed = ['model', 'max_tokens', 'messages'];
    const args = needed
      .filter((name) => name in rest)
      .map((name) => `\n    ${name}=${python(rest[name], 1)},`);
    const others = Object.fromEntries(
      Object.entries(rest).filter(([name]) => !needed.includes(name)),
    );
    const more = Object.keys(others).length > 0 ? `\n    extra_body=${python(others, 1)},` : '';
    return `${head('anthropic import Anthropic')}\n\nclient = Anthropic(base_url=${literal(call.base)}, api_key=${key})\nanswer = client.messages.create(${args.join('')}${stream ? '\n    stream=True,' : ''}${headers}${more}\n)\n${show}`;
  }
  const target = openaiTarget(call);
  const main = call.dialect === 'openai_responses' ? 'input' : 'messages';
  const { model, [main]: said, ...others } = rest;
  const args = `\n    model=${python(model, 1)},\n    ${main}=${python(said, 1)},`;
  const more = Object.keys(others).length > 0 ? `\n    extra_body=${python(others, 1)},` : '';
  return `${head('openai import OpenAI')}\n\nclient = OpenAI(base_url=${literal(`${call.base}/v1`)}, api_key=${key})\nanswer = client.${target}.create(${args}${stream ? '\n    stream=True,' : ''}${headers}${more}\n)\n${show}`;
}

function openaiTarget(call: Call): string {
  return call.dialect === 'openai_responses' ? 'responses' : 'chat.completions';
}

function geminiModel(call: Call): string {
  return /\/models\/([^/:]+)/.exec(call.path)?.[1] ?? 'gemini-2.5-flash';
}

function pythonGemini(call: Call, body: Record<string, unknown>, key: string): string {
  const stream = call.path.includes(':stream');
  const { contents, ...rest } = body;
  const options = `types.HttpOptions(base_url=${literal(call.base)}, extra_body=${python(rest, 1)})`;
  const made = `import os\n\nfrom google import genai\nfrom google.genai import types\n\nclient = genai.Client(api_key=${key}, http_options=${options})\n`;
  const args = `\n    model=${literal(geminiModel(call))},\n    contents=${python(contents, 1)},\n`;
  if (stream)
    return `${made}for piece in client.models.generate_content_stream(${args}):\n    print(piece.text or "", end="")\n`;
  return `${made}print(client.models.generate_content(${args}).model_dump_json(indent=2))\n`;
}

function typescriptSdk(call: Call, body: Record<string, unknown>): string {
  const key = `process.env[${literal(variableOf(call.dialect))}]`;
  const headers = pretty(extras(call));
  const stream = body['stream'] === true;
  const show = stream
    ? 'for await (const event of answer) console.log(event);\n'
    : 'console.log(JSON.stringify(answer, null, 2));\n';
  const args = pretty(body);
  if (call.dialect === 'gemini') {
    const { contents, ...config } = body;
    const method = call.path.includes(':stream') ? 'generateContentStream' : 'generateContent';
    const many = call.path.includes(':stream')
      ? 'for await (const piece of answer) process.stdout.write(piece.text ?? "");\n'
      : show;
    return `import { GoogleGenAI } from "@google/genai";\n\nconst ai = new GoogleGenAI({ apiKey: ${key}, httpOptions: { baseUrl: ${literal(call.base)}, extraBody: ${pretty(config)} } });\nconst answer = await ai.models.${method}({ model: ${literal(geminiModel(call))}, contents: ${pretty(contents)} });\n${many}`;
  }
  if (call.dialect === 'anthropic_messages') {
    return `import Anthropic from "@anthropic-ai/sdk";\n\nconst client = new Anthropic({ baseURL: ${literal(call.base)}, apiKey: ${key} });\nconst answer = await client.messages.create(${args}, { headers: ${headers} });\n${show}`;
  }
  const target = openaiTarget(call);
  return `import OpenAI from "openai";\n\nconst client = new OpenAI({ baseURL: ${literal(`${call.base}/v1`)}, apiKey: ${key} });\nconst answer = await client.${target}.create(${args}, { headers: ${headers} });\n${show}`;
}
