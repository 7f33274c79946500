import { answer, CONVERSATIONS, json, transcript } from './answers';
import { expect, test } from './test';

test.beforeEach(async ({ page }) => {
  await answer(page, '/api/conversations', CONVERSATIONS);
  for (const { id } of CONVERSATIONS.conversations) {
    await answer(page, `/api/conversations/${id}`, (route) => {
      const query = new URL(route.request().url()).searchParams;
      return json(route, transcript(id, Number(query.get('offset')), Number(query.get('limit'))));
    });
  }
});

test('transcripts are listed by project and open as a thread with a link to the captured session', async ({
  page,
  shot,
}) => {
  await page.goto('/transcripts');
  await expect(page.getByRole('heading', { name: '/home/ana/app 2' })).toBeVisible();
  await shot('transcripts');
  await page.getByRole('button', { name: /Lost line in the parser/ }).click();
  await expect(page.getByRole('heading', { name: 'Lost line in the parser' })).toBeVisible();
  await expect(page).toHaveURL(/project=-home-ana-app&id=s1/);
  await expect(page.getByRole('link', { name: 'Captured session' })).toHaveAttribute(
    'href',
    /\/sessions\/5eed0000/,
  );
  await expect(page.getByText('100 of 120')).toBeVisible();
  await shot('transcript');
});

test('a long transcript is paged', async ({ page }) => {
  await page.goto('/transcripts?project=-home-ana-app&id=s1');
  for (const shown of ['120 of 120']) {
    await page.getByRole('button', { name: 'Show more' }).click();
    await expect(page.getByText(shown)).toBeVisible();
  }
  await expect(page.getByRole('button', { name: 'Show more' })).toHaveCount(0);
});

test('lines are shown as messages of an exchange are, and hostile ones are text', async ({
  page,
}) => {
  await page.goto('/transcripts?project=-home-ana-app&id=s1');
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

test('without transcripts the page says where they are read from', async ({ page }) => {
  await answer(page, '/api/conversations', { conversations: [], total: 0 });
  await page.goto('/transcripts');
  await expect(page.getByText('~/.claude/projects')).toBeVisible();
});
