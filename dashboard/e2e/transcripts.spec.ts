import { expect, test, world } from './test';
import { test as alone } from './own';
import { LENGTH } from './transcripts';

const LONG = `/transcripts?project=-home-ana-app&id=${world().lively}`;

test('transcripts are listed by project and open as a thread with a link to the captured session', async ({
  page,
  session,
  shot,
}) => {
  await page.goto('/transcripts');
  await expect(page.getByRole('heading', { name: '/home/ana/app 2' })).toBeVisible();
  await expect(page.getByRole('heading', { name: '/srv/site 1' })).toBeVisible();
  await expect(page.getByRole('button', { name: /<script>window.hostile/ })).toBeVisible();
  await expect(page.getByRole('button', { name: /Lost line/ })).toContainText(
    `${LENGTH + 1} lines`,
  );
  await shot('transcripts');
  await page.getByRole('button', { name: /Lost line in the parser/ }).click();
  await expect(page.getByRole('heading', { name: 'Lost line in the parser' })).toBeVisible();
  await expect(page).toHaveURL(new RegExp(`project=-home-ana-app&id=${session}`));
  await expect(page.getByText(/^100 of 12\d$/)).toBeVisible();
  await shot('transcript');
  await page.getByRole('link', { name: 'Captured session' }).click();
  await expect(page).toHaveURL(new RegExp(`/sessions/${session}`));
  await expect(page.locator('article.turn')).not.toHaveCount(0);
});

test('a long transcript is paged', async ({ page }) => {
  await page.goto(LONG);
  await page.getByRole('button', { name: 'Show more' }).click();
  await expect(page.getByText(/^(12\d) of \1$/)).toBeVisible();
  await expect(page.getByRole('button', { name: 'Show more' })).toHaveCount(0);
  await expect(page.getByText(`Step ${LENGTH - 4}`, { exact: true })).toBeVisible();
});

test('lines are shown as messages of an exchange are, and hostile ones are text', async ({
  page,
}) => {
  await page.goto(LONG);
  const line = (n: number) => page.locator('ol > li').nth(n);
  await expect(line(0)).toContainText('Step 0');
  await expect(line(0).getByText('Keep to the house rules.')).toBeHidden();
  await line(0).getByText('System reminder').click();
  await expect(line(0).getByText('Keep to the house rules.')).toBeVisible();
  await expect(line(1).getByText('Look before leaping.')).toBeVisible();
  await expect(line(1).getByText('/src/parser.rs')).toBeVisible();
  const length = (await line(1).innerText()).length;
  await line(1)
    .getByRole('button', { name: /^Show all/ })
    .click();
  expect((await line(1).innerText()).length).toBeGreaterThan(length + 500);
  // The result knows which call it is of.
  await expect(line(3)).toContainText('Read');
  await expect(line(3)).toContainText('<script>window.hostile=1</script>');
});

alone('without transcripts the page says where they are read from', async ({ page }) => {
  await page.goto('/transcripts');
  await expect(page.getByText('~/.claude/projects')).toBeVisible();
});
