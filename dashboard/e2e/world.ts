/** What all tests look at: a weir that has recorded a week, and its mock. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { record, until, type Sample } from './sample';
import { past, seed, SESSION, today } from './seed';
import { uuid } from './shot';
import { DATABASE, start, startMock, type Stack } from './stack';
import { writeTranscripts } from './transcripts';

const DAYS = 6;
const MOST_MS = 60_000;

export interface World extends Stack {
  /** Exchanges that were sent. */
  sent: number;
  /** A session that has subagents. */
  lively: string;
  sample: Sample;
}

/** Records the past, dates it back, then records today. */
export async function begin(): Promise<World> {
  const home = await mkdtemp(join(tmpdir(), 'weir-e2e-'));
  const mock = await startMock(home);
  const clear = async () => {
    await mock.stop();
    await rm(home, { recursive: true, force: true });
  };
  try {
    await writeTranscripts(home, SESSION);
    const [old, fresh] = [past(), today()];
    // Its index of words could not be dated back; the next weir makes it.
    const extra = 'capture:\n  search: false\n';
    const early = await start({ home, mock: mock.url, extra });
    try {
      await seed(early.weir, old);
      await ended(early.weir, old.length);
    } finally {
      await early.stop();
    }
    await age(join(home, DATABASE));
    const stack = await start({ home, mock: mock.url });
    const stop = async () => {
      await stack.stop();
      await clear();
    };
    try {
      const sample = await record(stack.weir, mock.url, uuid(0xaa));
      await seed(stack.weir, fresh);
      const sent = old.length + fresh.length;
      await addedUp(stack.weir, sent);
      return { ...stack, stop, sent, lively: SESSION, sample };
    } catch (error) {
      await stop();
      throw error;
    }
  } catch (error) {
    await clear();
    throw error;
  }
}

async function age(database: string): Promise<void> {
  const script = join(dirname(fileURLToPath(import.meta.url)), 'age.py');
  const { stdout } = await promisify(execFile)('python3', [script, database, String(DAYS)], {
    timeout: MOST_MS,
  });
  console.log(stdout.trim());
}

async function get<T>(url: string): Promise<T> {
  return (await (await fetch(url)).json()) as T;
}

/** All are recorded, and none is under way. */
async function ended(weir: string, least: number): Promise<void> {
  const of = (query: string) =>
    get<{ total: number }>(`${weir}/api/requests/summary?limit=1${query}`);
  await until('the end of all exchanges', async () => {
    const [all, open] = await Promise.all([of(''), of('&state=open')]);
    return all.total >= least && open.total === 0 ? true : undefined;
  });
}

/** Figures, sessions and the index of words have caught up. */
async function addedUp(weir: string, least: number): Promise<void> {
  await ended(weir, least);
  const since = new Date(Date.now() - (DAYS + 2) * 864e5).toISOString();
  const until_ = new Date(Date.now() + 864e5).toISOString();
  const figures = `${weir}/api/analytics?start=${since}&end=${until_}&bucket=none`;
  const early = `${weir}/api/requests/summary?limit=1&q=${encodeURIComponent('"session 0"')}`;
  await until('figures and search to catch up', async () => {
    const { totals } = await get<{ totals: { requests: number } }>(figures);
    const { requests } = await get<{ requests: unknown[] }>(early);
    const { sessions } = await get<{ sessions: unknown[] }>(`${weir}/api/sessions?q=5eed`);
    return totals.requests >= least && requests.length > 0 && sessions.length >= 50
      ? true
      : undefined;
  });
}
