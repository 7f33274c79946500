/** What each role is offered: all that it may do, and nothing that would be refused. */
import {
  lesser,
  manage,
  MANAGER,
  open,
  OPERATOR,
  project,
  READER,
  token,
  variables,
} from './manage';
import { expect, test, type Page } from './own';
import { axe } from './test';

test.use({ variables, extra: lesser });

const LOOK = 'You may only look';
const TOKENS = 'You may change tokens only';

/** What can be pressed on a page's content to change something, by name; the rest is for looking. */
async function offered(page: Page): Promise<string[]> {
  const main = page.locator('#main');
  await expect(main.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(main.getByRole('status', { name: /Loading/ })).toHaveCount(0);
  const names = await main
    .locator('.button')
    .evaluateAll((all) => all.map((one) => one.textContent.trim()).filter((name) => name !== ''));
  return names.filter((name) => !['Log out', 'Back', 'Verify the chain'].includes(name)).toSorted();
}

/** A project that is on with an active token, a revoked one, and a project that is off. */
async function seed(weir: string) {
  const on = await project(weir, 'agents');
  const off = await project(weir, 'people');
  await manage(weir, 'PATCH', `/projects/${off.id}`, { is_active: false });
  const active = await token(weir, on, { name: 'active' });
  const revoked = await token(weir, on, { name: 'revoked' });
  await manage(weir, 'DELETE', `/tokens/${revoked.id}`);
  return { on: on.id, off: off.id, active: active.id, revoked: revoked.id };
}

type Seeded = Awaited<ReturnType<typeof seed>>;

const PAGES: [string, (of: Seeded) => string][] = [
  ['projects', () => '/projects'],
  ['a project that is on', ({ on }) => `/projects/${on}`],
  ['a project that is off', ({ off }) => `/projects/${off}`],
  ['tokens', () => '/tokens'],
  ['an active token', ({ active }) => `/tokens/${active}`],
  ['a revoked token', ({ revoked }) => `/tokens/${revoked}`],
  ['audit', () => '/audit'],
];

/** Who, by which token, what is said of the role on a project's page, and what is offered where. */
const OFFERED: [string, string, string | null, Record<string, string[]>][] = [
  [
    'a reader',
    READER,
    LOOK,
    Object.fromEntries(PAGES.map(([name]): [string, string[]] => [name, []])),
  ],
  [
    'an operator',
    OPERATOR,
    TOKENS,
    {
      projects: [],
      'a project that is on': ['New token', 'Revoke all'],
      'a project that is off': [],
      tokens: ['New token'],
      'an active token': ['A token below it', 'Edit', 'Revoke', 'Rotate'],
      'a revoked token': ['Edit', 'Switch on again'],
      audit: [],
    },
  ],
  [
    'an admin',
    MANAGER,
    null,
    {
      projects: ['New project'],
      'a project that is on': ['Edit', 'New token', 'Revoke all', 'Switch off'],
      'a project that is off': ['Edit', 'Switch on'],
      tokens: ['New token'],
      'an active token': ['A token below it', 'Edit', 'Revoke', 'Rotate'],
      'a revoked token': ['Edit', 'Switch on again'],
      audit: [],
    },
  ],
];

for (const [who, credential, told, expected] of OFFERED) {
  test(`${who} is offered what the role may do and no more`, async ({ page, weir, shot }) => {
    const seeded = await seed(weir);
    for (const [name, path] of PAGES) {
      await open(page, path(seeded), credential);
      await expect.poll(() => offered(page), { message: name }).toEqual(expected[name]);
      await shot(`role-${who}-${name}`.replaceAll(' ', '-'));
    }
    await open(page, `/projects/${seeded.on}`, credential);
    await expect(page.getByText(told ?? /^You may/)).toHaveCount(told === null ? 0 : 1);
    await axe(page);
  });
}

test('a form that a role may not send says so in its place, at its address too', async ({
  page,
  weir,
  shot,
}) => {
  const { on } = await seed(weir);
  for (const [as, path, told] of [
    [OPERATOR, '/projects/new', 'Your management token may not make projects'],
    [OPERATOR, `/projects/${on}/edit`, 'Your management token may not change projects'],
    [READER, '/tokens/new', 'Your management token may not make tokens'],
  ] as const) {
    await open(page, path, as);
    await expect(page.getByText(told)).toBeVisible();
    await expect(page.locator('form')).toHaveCount(0);
  }
  await shot('role-barred');
  await axe(page);
  await page.getByRole('link', { name: 'Back' }).click();
  await expect(page).toHaveURL(/\/tokens$/);
});

test('keys do no more than buttons', async ({ page, weir, isMobile }) => {
  test.skip(isMobile, 'a phone has none');
  const { on } = await seed(weir);
  await open(page, `/projects/${on}`, OPERATOR);
  await expect(page.getByText(TOKENS)).toBeVisible();
  await page.keyboard.press('?');
  const dialog = page.getByRole('dialog', { name: 'Keys' });
  await expect(dialog.getByText('New token')).toBeVisible();
  await expect(dialog.getByText('Edit', { exact: true })).toBeHidden();
  await page.keyboard.press('Escape');
  await page.keyboard.press('e');
  await page.keyboard.press('n');
  await expect(page).toHaveURL(/\/tokens\/new/);
});

test('an operator makes a token and revokes it', async ({ page, weir }) => {
  await seed(weir);
  await open(page, '/tokens', OPERATOR);
  await page.getByRole('link', { name: 'New token' }).click();
  await page.getByLabel('Name').fill('by an operator');
  await page.getByRole('button', { name: 'Make the token' }).click();
  await page.getByRole('button', { name: 'I have it' }).click();
  await page.getByRole('button', { name: 'Revoke' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await expect(page.getByText('revoked', { exact: true })).toBeVisible();
});

test.describe('with a password', () => {
  test.use({ variables: { ...variables, DASHBOARD_PASSWORD: 'of-the-dashboard' }, extra: lesser });

  test('whoever has logged in with it may do everything', async ({ page, weir }) => {
    const { on } = await seed(weir);
    const data = { password: 'of-the-dashboard' };
    expect((await page.request.post('/api/login', { data })).status()).toBe(204);
    await page.goto(`/projects/${on}`);
    const all = ['Edit', 'New token', 'Revoke all', 'Switch off'];
    await expect.poll(() => offered(page)).toEqual(all);
  });
});
