/**
 * A real weir on a free port with its own mock behind it, and the pages in front: weir's own if
 * its binary carries them, else the build through Vite's preview server.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const START_MS = 30_000;

export interface Stack {
  /** Where agents go. */
  weir: string;
  /** Where the pages are. */
  pages: string;
  mock: string;
  /** Where agents' own files would be; weir runs with it as its home. */
  home: string;
  /** Writes the configuration anew, with this after the providers. */
  configure: (extra: string) => Promise<void>;
  stop: () => Promise<void>;
}

const KEYS = ['alpha', 'beta', 'gamma'];

function configuration(mock: string): string {
  const keys = KEYS.map(
    (name) => `      - key: sk-ant-api03-${name}\n        name: ${name}\n        rpm_limit: 100000`,
  );
  return `server:
  host: 127.0.0.1
  port: 0
providers:
  anthropic:
    base_url: ${mock}
    client_credentials: never
    keys:
${keys.join('\n')}
  openai:
    base_url: ${mock}
    api_key: sk-openai-seed
  gemini:
    base_url: ${mock}
    api_key: gemini-seed
  spare:
    type: zai
    base_url: ${mock}/api/anthropic
    api_key: zai-seed
    model_mapping:
      glm-alias: GLM-4.7
`;
}

export interface Options {
  /** Added to the configuration, behind the providers; MOCK in it is the mock's address. */
  extra?: string;
  /** Added to weir's environment. */
  variables?: Record<string, string>;
  /** A mock that runs already. */
  mock?: string;
  /** Where an earlier stack was; its files are taken over and left there. */
  home?: string;
}

/** Starts weir, and a mock if none is given. */
export async function start(options: Options = {}): Promise<Stack> {
  const home = options.home ?? (await mkdtemp(join(tmpdir(), 'weir-e2e-')));
  const stops: (() => Promise<unknown>)[] = [];
  if (!options.home) stops.push(() => rm(home, { recursive: true, force: true }));
  const stop = async () => {
    for (const one of stops.toReversed()) await one();
  };
  try {
    const mock = options.mock ?? (await keep(startMock(home), stops));
    const file = join(home, 'weir.yaml');
    const configure = (extra: string) => writeFile(file, configuration(mock) + extra);
    await configure((options.extra ?? '').replaceAll('MOCK', mock));
    const arguments_ = ['serve', '--config', file, '--db', join(home, DATABASE)];
    const weir = await keep(run(arguments_, home, options.variables), stops);
    const pages = await front(weir);
    stops.push(pages.stop);
    return { weir, pages: pages.url, mock, home, configure, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The file in a stack's home that holds what was recorded. */
export const DATABASE = 'weir.db';

export function startMock(home: string): Promise<Running> {
  return run(['mock', '--listen', '127.0.0.1:0'], home);
}

async function keep(running: Promise<Running>, stops: (() => Promise<unknown>)[]): Promise<string> {
  const { url, stop } = await running;
  stops.push(stop);
  return url;
}

export interface Running {
  url: string;
  stop: () => Promise<void>;
}

/** Starts a command and waits for the address that it prints. */
async function run(
  arguments_: string[],
  home: string,
  variables: Record<string, string> = {},
): Promise<Running> {
  const target = process.env['CARGO_TARGET_DIR'] ?? join(root, '../target');
  const binary = process.env['WEIR_BIN'] ?? join(target, 'debug/weir');
  const { PATH = '' } = process.env;
  const child = spawn(binary, arguments_, {
    cwd: home,
    env: { PATH, HOME: home, NO_COLOR: '1', ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const url = await address(child, `${binary} ${arguments_.join(' ')}`);
  return { url, stop: () => ended(child) };
}

function address(child: ChildProcess, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const late = setTimeout(() => reject(new Error(`${command} is not up:\n${said}`)), START_MS);
    const read = (chunk: Buffer) => {
      // What it says later is read too, lest the pipe fill up.
      if (said.length > 100_000) return;
      said += chunk.toString();
      const url = /(?:listening:|weir \S+ on) (http:\/\/[\d.]+:\d+)/.exec(said)?.[1];
      if (!url) return;
      clearTimeout(late);
      resolve(url);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`${command} ended with ${code}:\n${said}`)));
  });
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.on('exit', () => resolve());
    child.kill('SIGTERM');
    // Streams under way would hold it for the length of its drain.
    setTimeout(() => child.kill('SIGKILL'), 2000).unref();
  });
}

async function front(weir: string): Promise<Running> {
  const own = await fetch(`${weir}/`, { headers: { accept: 'text/html' } });
  // A debug binary shows the build of the tree that it was made in, which may be another.
  const forced = process.env['E2E_PREVIEW'] === '1';
  if (!forced && own.headers.get('content-type')?.startsWith('text/html')) {
    return { url: weir, stop: () => Promise.resolve() };
  }
  process.env['WEIR_URL'] = weir;
  const { preview } = await import('vite');
  const server = await preview({ root, preview: { port: 0, host: '127.0.0.1' }, logLevel: 'warn' });
  const url = server.resolvedUrls?.local[0]?.replace(/\/$/, '');
  if (!url) throw new Error('the preview server has no address');
  return { url, stop: () => server.close() };
}
