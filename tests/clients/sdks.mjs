// One call with a TypeScript SDK: node sdks.mjs CASE URL KEY MODEL PROMPT. Prints what came of it
// as JSON: {text, model, input, output} or {error, status}.
import { pathToFileURL } from "node:url";

const [kind, url, apiKey, model, prompt] = process.argv.slice(2);
const modules = pathToFileURL(`${process.env.WEIR_NODE_MODULES}/`);
const load = async (name, main) => (await import(new URL(`${name}/${main}`, modules))).default;
const messages = [{ role: "user", content: prompt }];
const options = { apiKey, maxRetries: 0, timeout: 20_000 };

async function anthropic() {
  const Anthropic = await load("@anthropic-ai/sdk", "index.mjs");
  const client = new Anthropic({ ...options, baseURL: url });
  const asked = { model, max_tokens: 1000, messages };
  const message =
    kind === "anthropic-stream"
      ? await client.messages.stream(asked).finalMessage()
      : await client.messages.create(asked);
  const { usage } = message;
  return said(message.content[0].text, message, usage.input_tokens, usage.output_tokens);
}

async function chat(client) {
  if (kind === "chat") {
    const answer = await client.chat.completions.create({ model, messages });
    const { usage } = answer;
    const text = answer.choices[0].message.content;
    return said(text, answer, usage.prompt_tokens, usage.completion_tokens);
  }
  const stream_options = { include_usage: true };
  const asked = { model, messages, stream: true, stream_options };
  let text = "";
  let last;
  for await (const chunk of await client.chat.completions.create(asked)) {
    text += chunk.choices[0]?.delta.content ?? "";
    last = chunk;
  }
  return said(text, last, last.usage.prompt_tokens, last.usage.completion_tokens);
}

async function responses(client) {
  const asked = { model, input: prompt };
  const answer =
    kind === "responses-stream"
      ? await client.responses.stream(asked).finalResponse()
      : await client.responses.create(asked);
  const { usage } = answer;
  return said(answer.output_text, answer, usage.input_tokens, usage.output_tokens);
}

async function openai() {
  const OpenAI = await load("openai", "index.mjs");
  const client = new OpenAI({ ...options, baseURL: `${url}/v1` });
  return kind.startsWith("chat") ? chat(client) : responses(client);
}

function said(text, { model }, input, output) {
  return { text, model, input, output };
}

try {
  const answer = await (kind.startsWith("anthropic") ? anthropic() : openai());
  console.log(JSON.stringify(answer));
} catch (error) {
  console.log(JSON.stringify({ error: error.constructor.name, status: error.status ?? null }));
}
