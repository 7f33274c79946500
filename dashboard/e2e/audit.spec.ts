import type { AuditEvents } from '../src/lib/api/types';
import { manage, open, project, token, variables } from './manage';
import { expect, test } from './own';
import { axe } from './test';

test.use({ variables });

test('the audit is searched and filtered in the address, and an event is shown whole', async ({
  page,
  weir,
  shot,
}) => {
  const one = await project(weir, 'agents');
  const made = await token(weir, one, { name: 'ci' });
  await manage(weir, 'DELETE', `/tokens/${made.id}`);
  await open(page, '/audit');
  const list = page.getByRole('list', { name: 'Events' });
  await expect(list.getByText('project.create')).toBeVisible();
  await expect(list.getByText('agents').first()).toBeVisible();
  await shot('audit');
  await page.getByLabel('Search the audit').fill('revoke');
  await expect(page).toHaveURL(/search=revoke/);
  await expect(list.getByRole('listitem')).toHaveCount(1);
  await expect(list.getByText('token.revoke')).toBeVisible();
  await page.reload();
  await expect(list.getByRole('listitem')).toHaveCount(1);
  await list.getByText('token.revoke').click();
  await expect(page.getByRole('heading', { level: 1, name: 'token.revoke' })).toBeVisible();
  await expect(page.getByRole('link', { name: made.id, exact: true })).toBeVisible();
  await expect(page.getByText('already_revoked')).toBeVisible();
  await shot('audit-event');
  await page.getByRole('link', { name: `all with it Token ${made.id}` }).click();
  await expect(page).toHaveURL(/\/audit\?token_id=/);
  await expect(list.getByRole('listitem')).toHaveCount(2);
  await page.getByRole('button', { name: /^Token: .* take out$/ }).click();
  await expect(list.getByText('project.create')).toBeVisible();
});

test('what is done on the pages is told to come from there, with the browser that did it', async ({
  page,
  weir,
}) => {
  await open(page, '/projects/new');
  await page.getByLabel('Name', { exact: true }).fill('by hand');
  await page.getByRole('button', { name: 'Make the project' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'by hand' })).toBeVisible();
  const path = '/audit?action=project.create';
  const { events } = await manage<AuditEvents>(weir, 'GET', path);
  expect(events[0]?.metadata).toMatchObject({ origin: 'admin-ui' });
  expect(events[0]?.user_agent).toContain('Chrome');
  await page.goto(`/audit/${events[0]?.id ?? ''}`);
  await expect(page.getByText('admin-ui')).toBeVisible();
});

test('a long audit is paged, and its chain verified', async ({ page, weir, shot }) => {
  const one = await project(weir, 'agents');
  for (let n = 0; n < 60; n += 1)
    await manage(weir, 'PATCH', `/projects/${one.id}`, { name: `agents ${n}` });
  await open(page, '/audit?action=project.update');
  const list = page.getByRole('list', { name: 'Events' });
  await expect(list.getByRole('listitem')).toHaveCount(50);
  await page.getByRole('button', { name: 'Older' }).click();
  await expect(page).toHaveURL(/page=2/);
  await expect(list.getByRole('listitem')).toHaveCount(10);
  await page.goBack();
  await expect(list.getByRole('listitem')).toHaveCount(50);
  await page.getByRole('button', { name: 'Verify the chain' }).click();
  await expect(page.getByText(/The chain is whole: \d+ events/)).toBeVisible();
  await shot('audit-verified');
});

for (const [name, path] of [
  ['projects', '/projects'],
  ['tokens', '/tokens'],
  ['token-new', '/tokens/new'],
  ['project-new', '/projects/new'],
  ['audit', '/audit'],
  ['cache', '/cache'],
] as const) {
  test(`${path} is legible in the dark`, async ({ page, weir, shot }) => {
    await page.emulateMedia({ colorScheme: 'dark' });
    const budgets = [{ period: 'day' as const, usd: 1 }];
    const one = await project(weir, 'agents', { budgets });
    await token(weir, one, { name: 'ci', max_requests: 10 });
    const gone = await token(weir, one, { name: 'gone' });
    await manage(weir, 'DELETE', `/tokens/${gone.id}`);
    await open(page, path);
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await expect(page.getByRole('status', { name: /Loading/ })).toHaveCount(0);
    await shot(`dark-${name}`);
    await axe(page);
  });
}
