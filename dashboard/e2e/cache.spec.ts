import {
  ask,
  lesser,
  manage,
  open,
  OPERATOR,
  project,
  READER,
  send,
  token,
  variables,
} from './manage';
import { expect, test, type Page } from './own';
import { axe } from './test';

test.use({ variables: { ...variables, HTTP_CACHE_ENABLED: 'yes' }, extra: lesser });

const HOSTILE = '<img src=x onerror="window.hostile=1">';
const OPT_IN = { 'cache-control': 'public, max-age=600' };

function figure(page: Page, name: string) {
  const tile = page.locator('dl > div').filter({ has: page.getByText(name, { exact: true }) });
  return tile.locator('dd').first();
}

function form(page: Page) {
  return page.getByRole('form', { name: 'Purge' });
}

/** Two projects with a token each. */
async function seed(weir: string) {
  const agents = await project(weir, 'agents');
  const people = await project(weir, `people ${HOSTILE}`);
  const one = await token(weir, agents, { name: 'ci' });
  const other = await token(weir, people, { name: HOSTILE });
  return { agents, people, one: one.token, other: other.token };
}

test('figures, and which tokens they are of, are told as they come', async ({
  page,
  weir,
  shot,
}) => {
  const { one, other } = await seed(weir);
  await open(page, '/cache');
  await expect(page.getByText('No token has got an answer from it.')).toBeVisible();
  await expect(figure(page, 'Hit rate')).toHaveText('–');
  for (let n = 0; n < 3; n += 1) expect(await ask(weir, one, OPT_IN)).toBe(200);
  for (let n = 0; n < 2; n += 1) expect(await ask(weir, other, OPT_IN)).toBe(200);
  await expect(figure(page, 'Hits')).toHaveText('3');
  await expect(figure(page, 'Misses')).toHaveText('2');
  await expect(figure(page, 'Stored')).toHaveText('2');
  await expect(figure(page, 'Entries')).toHaveText('2');
  await expect(figure(page, 'Hit rate')).toHaveText('60.0%');
  await expect(page.getByText('in the memory of this process')).toBeVisible();
  await expect(page.getByRole('meter', { name: 'Room that is taken' })).toBeVisible();
  await expect(page.getByText('cache.max_object_bytes')).toBeVisible();
  const projects = page.getByRole('region', { name: 'Hit rate by project' }).getByRole('row');
  await expect(projects.nth(1)).toContainText(/agents\s*2\s*1\s*66.7%/);
  await expect(projects.nth(2)).toContainText(/50.0%/);
  // Tokens are asked for less often.
  const rows = page.getByRole('region', { name: 'Hits by token' }).getByRole('row');
  await expect(rows.nth(1)).toContainText(/ci\s*agents\s*2\s*1\s*66.7%/, { timeout: 20_000 });
  await expect(rows.nth(2)).toContainText(HOSTILE);
  await shot('cache');
  await axe(page);
});

test('answers are purged by path and by key; what was not kept is said to be not', async ({
  page,
  weir,
  expected,
  shot,
}) => {
  expected.push(/400/);
  const { one } = await seed(weir);
  const key = (await send(weir, one, OPT_IN)).headers.get('x-proxy-cache-key') ?? '';
  await open(page, '/cache');
  const purge = form(page).getByRole('button', { name: 'Purge' });
  const said = form(page).getByRole('status');
  await purge.click();
  await expect(form(page).getByText('A path such as /v1/models.')).toBeVisible();
  await expect(form(page).getByLabel('Path')).toHaveAttribute('aria-invalid', 'true');
  await shot('cache-purge-fault');
  await form(page).getByLabel('Path').fill('/v1/messages');
  await form(page).getByLabel('Path').press('Enter');
  await expect(said).toHaveText('Nothing of it was kept.');
  await form(page).getByLabel('Method').selectOption('POST');
  await purge.click();
  await expect(said).toHaveText('What was kept of it is gone.');
  await expect(figure(page, 'Entries')).toHaveText('0');
  await form(page).getByLabel('Path').fill('http://[/v1');
  await purge.click();
  await expect(form(page).getByText('invalid URL').first()).toBeVisible();

  expect(await ask(weir, one, OPT_IN)).toBe(200);
  await form(page).getByRole('button', { name: 'A key' }).click();
  await form(page).getByLabel('Beginning of the key').fill(key.slice(0, 12));
  await purge.click();
  await expect(said).toHaveText('One answer is gone.');
});

test('a project and everything are purged only when that is meant, and the audit tells', async ({
  page,
  weir,
  shot,
}) => {
  const { people, one, other } = await seed(weir);
  expect([await ask(weir, one, OPT_IN), await ask(weir, other, OPT_IN)]).toEqual([200, 200]);
  await open(page, '/cache');
  const purge = form(page).getByRole('button', { name: 'Purge' });
  const said = form(page).getByRole('status');
  await form(page).getByRole('button', { name: 'A project' }).click();
  await purge.click();
  await expect(form(page).getByText('Choose a project.')).toBeVisible();
  await form(page).getByLabel('Project').selectOption(people.id);
  await purge.click();
  const asked = page.getByRole('dialog');
  await expect(asked.getByRole('heading')).toHaveText(`Purge all of ${people.name}?`);
  await shot('cache-purge-project');
  await asked.getByRole('button', { name: 'Cancel' }).click();
  expect(await manage(weir, 'GET', '/cache')).toMatchObject({ entries: 2 });
  await purge.click();
  await asked.getByRole('button', { name: 'Purge' }).click();
  await expect(said).toHaveText('One answer is gone.');
  await form(page).getByRole('button', { name: 'Everything' }).click();
  await purge.click();
  await expect(asked.getByText('All 1 answer')).toBeVisible();
  await asked.getByRole('button', { name: 'Purge' }).click();
  await expect(said).toHaveText('One answer is gone.');
  await expect(figure(page, 'Entries')).toHaveText('0');
  await page.goto('/audit?action=cache.purge');
  await expect(page.getByRole('list', { name: 'Events' }).getByRole('listitem')).toHaveCount(2);
});

test('a reader sees the figures and purges nothing; an operator may', async ({ page, weir }) => {
  await seed(weir);
  await open(page, '/cache', READER);
  await expect(page.getByText('You may only look')).toBeVisible();
  await expect(figure(page, 'Entries')).toHaveText('0');
  await expect(page.getByRole('button', { name: 'Purge' })).toHaveCount(0);
  await open(page, '/cache', OPERATOR);
  await expect(page.getByRole('button', { name: 'Purge' })).toBeVisible();
  await expect(page.getByText(/^You may/)).toHaveCount(0);
});

test.describe('with a cache that is off', () => {
  test.use({ variables });

  test('the page says how to switch it on, and follows when it is', async ({
    page,
    weir,
    shot,
  }) => {
    await project(weir, 'agents');
    await open(page, '/cache');
    await expect(page.getByText('The cache is switched off')).toBeVisible();
    await expect(page.getByText('HTTP_CACHE_ENABLED')).toBeVisible();
    await shot('cache-off');
    await axe(page);
    const data = { 'cache.enabled': true };
    const edited = await page.request.patch('/api/config/stored', { data });
    expect(edited.status(), await edited.text()).toBe(200);
    await expect(page.getByText('on', { exact: true })).toBeVisible();
    await expect(figure(page, 'Hits')).toHaveText('0');
    await expect(page.getByText('cache.max_bytes')).toBeVisible();
  });
});

test.describe('without projects', () => {
  test.use({ variables: { HTTP_CACHE_ENABLED: 'yes' }, extra: '' });

  test('whoever may use the rest sees the cache and purges it', async ({ page, weir, shot }) => {
    await page.goto('/cache');
    await expect(page.getByText('there are no projects')).toBeVisible();
    expect(await ask(weir, 'nobodys-token', OPT_IN)).toBe(200);
    await expect(figure(page, 'Entries')).toHaveText('1');
    await expect(page.getByRole('button', { name: 'Log out' })).toHaveCount(0);
    await expect(form(page).getByRole('button', { name: 'A project' })).toHaveCount(0);
    await expect(form(page).getByLabel('Project')).toHaveCount(0);
    await shot('cache-alone');
    await axe(page);
    await form(page).getByRole('button', { name: 'Everything' }).click();
    await form(page).getByRole('button', { name: 'Purge' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Purge' }).click();
    await expect(form(page).getByRole('status')).toHaveText('One answer is gone.');
    await expect(figure(page, 'Entries')).toHaveText('0');
  });
});
