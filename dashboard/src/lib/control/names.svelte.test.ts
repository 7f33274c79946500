import { afterEach, beforeEach, expect, it, vi } from 'vitest';

type Module = typeof import('./names.svelte');

let calls: number;
let projects: { id: string; name: string }[];
let down: boolean;
let names: Module;

/** What is asked for now has come. */
const come = () => new Promise((done) => setTimeout(done));

beforeEach(async () => {
  [calls, down, projects] = [0, false, [{ id: '1', name: 'agents' }]];
  vi.stubGlobal('fetch', async () => {
    calls += 1;
    if (down) throw new TypeError('network');
    return new Response(JSON.stringify(projects), {
      headers: { 'content-type': 'application/json' },
    });
  });
  vi.resetModules();
  names = await import('./names.svelte');
});

afterEach(() => vi.unstubAllGlobals());

it('asks once for all that is shown, and shows ids until then', async () => {
  expect([names.projectName('1'), names.projectName('2')]).toEqual(['1', '2']);
  expect(names.projectNames()).toBeUndefined();
  await come();
  expect([names.projectName('1'), names.projectName('2')]).toEqual(['agents', '2']);
  expect(names.projectNames()).toEqual(projects);
  await come();
  expect(calls).toBe(1);
});

it('asks again for a project that came later, and once for one that there is none of', async () => {
  names.projectName('1');
  await come();
  projects.push({ id: '2', name: 'people' });
  expect(names.projectName('2')).toBe('2');
  await come();
  expect(names.projectName('2')).toBe('people');
  for (let n = 0; n < 3; n += 1) {
    names.projectName('gone');
    await come();
  }
  expect(calls).toBe(3);
});

it('has the new name of one that was renamed, and the old one until it is there', async () => {
  names.projectName('1');
  await come();
  projects = [{ id: '1', name: 'robots' }];
  names.renewNames();
  expect(names.projectName('1')).toBe('agents');
  await come();
  expect(names.projectName('1')).toBe('robots');
});

it('asks again after a failure', async () => {
  down = true;
  names.projectName('1');
  await come();
  down = false;
  expect(names.projectName('1')).toBe('1');
  await come();
  expect(names.projectName('1')).toBe('agents');
});
