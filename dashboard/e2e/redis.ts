/** A Redis of a test's own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Redis {
  url: string;
  /** Sends a command, and waits for the answer. */
  tell: (...command: string[]) => Promise<string>;
  stop: () => Promise<void>;
}

const TRIES = 20;

export async function startRedis(): Promise<Redis> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-e2e-redis-'));
  for (let n = 0; n < TRIES; n += 1) {
    // Below those that systems hand out.
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const child = spawn(
      'redis-server',
      ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
      { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] },
    );
    if (!(await isUp(child))) continue;
    return {
      url: `redis://127.0.0.1:${port}`,
      tell: (...command) => tell(port, command),
      stop: async () => {
        if (child.exitCode === null && child.signalCode === null) {
          const ended = new Promise((resolve) => child.on('exit', resolve));
          child.kill('SIGKILL');
          await ended;
        }
        await rm(folder, { recursive: true, force: true });
      },
    };
  }
  throw new Error('redis-server does not start: scripts/prepare-tests.sh installs it');
}

/** False if it cannot listen there. */
function isUp(child: ChildProcess): Promise<boolean> {
  return new Promise((resolve) => {
    let said = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-10_000);
      if (said.includes('eady to accept connections')) resolve(true);
    });
    child.on('error', () => resolve(false));
    child.on('exit', () => resolve(false));
  });
}

function tell(port: number, command: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const parts = command.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`);
    socket.on('error', reject);
    socket.once('data', (answer) => {
      socket.end();
      resolve(answer.toString());
    });
    socket.write(`*${command.length}\r\n${parts.join('')}`);
  });
}
