import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Routing } from '../src/lib/api/types';
import { captured, get } from './ask';
import { expect, test } from './own';

test.use({
  extra: `routing:
  strategy: failover
subagents:
  enable: true
  mappings:
    reviewer: openai:gpt-5.4
    architect: o4-mini
`,
});

test('a pasted body is explained as a list of candidates with reasons', async ({ page, shot }) => {
  await page.goto('/routing');
  await page.getByLabel(/JSON body/).fill('{"model":"claude-sonnet-4-5","messages":[]}');
  await page.getByRole('button', { name: 'Explain' }).click();
  const decision = page.getByTestId('decision');
  await expect(decision).toContainText('Goes to anthropic as claude-sonnet-4-5');
  const candidates = decision.locator('ol > li');
  await expect(candidates.first()).toContainText('anthropic');
  await expect(candidates.filter({ hasText: 'spare' })).toHaveCount(1);
  await shot('routing');
});

test('a provider that is switched off is passed over, and the page says why', async ({
  page,
  weir,
}) => {
  await fetch(`${weir}/api/providers/anthropic/disable`, { method: 'POST' });
  await page.goto('/routing');
  await page.getByLabel(/JSON body/).fill('{"model":"glm-alias","messages":[]}');
  await page.getByRole('button', { name: 'Explain' }).click();
  const decision = page.getByTestId('decision');
  await expect(decision).toContainText('Goes to spare as GLM-4.7');
  const off = decision.locator('ol > li').filter({ hasText: 'anthropic' }).first();
  await expect(off).toContainText('passed over');
  await expect(off).toContainText(/off|disabled/);
});

test('a pasted curl line is read in the browser, and a subagent decides', async ({ page }) => {
  await page.goto('/routing');
  await page
    .getByLabel(/JSON body/)
    .fill(
      `curl http://weir/v1/chat/completions -H 'X-Weir-Subagent: reviewer' --data-raw '{"model":"m","messages":[]}'`,
    );
  await expect(page.getByText('Read from curl: /v1/chat/completions, 1 header.')).toBeVisible();
  await page.keyboard.press('Tab');
  await page.getByRole('button', { name: 'Explain' }).click();
  const decision = page.getByTestId('decision');
  await expect(decision).toContainText('Goes to openai as gpt-5.4');
  await expect(decision).toContainText('reviewer');
  await expect(decision).toContainText('by its header');
});

test('what is no JSON says where it is wrong', async ({ page }) => {
  await page.goto('/routing');
  await page.getByLabel(/JSON body/).fill('{"model": }');
  await expect(page.getByText('line 1, column 11')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Explain' })).toBeDisabled();
});

test('a captured request is explained, without the credentials that are blotted out', async ({
  page,
  weir,
}) => {
  const session = `routed-${crypto.randomUUID()}`;
  await fetch(`${weir}/v1/messages`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-claude-code-session-id': session,
      'x-api-key': 'sk-ant-api03-of-the-client',
    },
    body: '{"model":"claude-haiku-4-5","max_tokens":9,"messages":[]}',
  });
  const id = await captured(weir, `session=${session}&limit=1`);
  const asked = page.waitForRequest((request) => request.url().endsWith('/api/routing/explain'));
  await page.goto(`/routing?request=${id}`);
  await expect(page.getByTestId('decision')).toContainText('Goes to anthropic as claude-haiku-4-5');
  const { headers, body } = (await asked).postDataJSON() as {
    headers: Record<string, string>;
    body: { model?: string };
  };
  expect(body.model).toBe('claude-haiku-4-5');
  expect(headers['x-claude-code-session-id']).toBe(session);
  expect(headers).not.toHaveProperty('x-api-key');
  expect(JSON.stringify(headers)).not.toContain('sha256');
});

test('the strategy is switched and stays so, and a refusal is shown', async ({
  page,
  weir,
  expected,
}) => {
  expected.push(/409/);
  await page.goto('/routing');
  await expect(page.getByRole('radio', { name: /^failover/ })).toBeChecked();
  // A strategy without a sentence has only its name.
  for (const radio of await page.locator('label:has(input[type=radio])').all()) {
    await expect(radio.locator('small')).not.toBeEmpty();
  }
  await page.getByRole('radio', { name: /^shuffle/ }).check();
  await expect(page.getByRole('radio', { name: /^shuffle/ })).toBeChecked();
  await page.reload();
  await expect(page.getByRole('radio', { name: /^shuffle/ })).toBeChecked();
  expect((await get<Routing>(weir, '/api/routing')).strategy).toBe('shuffle');
  await page.getByRole('radio', { name: /^model based/ }).click();
  await expect(page.getByText('`model_based` goes by `routing.model_mapping`')).toBeVisible();
  expect((await get<Routing>(weir, '/api/routing')).strategy).toBe('shuffle');
});

test('the model map and subagents are shown, unmatched ones with where their files were looked for', async ({
  page,
  own,
  shot,
}) => {
  await page.goto('/routing');
  await expect(page.getByRole('row', { name: 'spare glm-alias GLM-4.7' })).toBeVisible();
  await expect(page.getByText('0 of 2 matched')).toBeVisible();
  await expect(page.getByText(/looked (for|at) .*architect.md/)).toBeVisible();
  // The file is found while weir runs.
  const folder = join(own.home, '.claude/agents');
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, 'reviewer.md'),
    '---\nname: reviewer\ndescription: Reviews.\n---\nReview what is given.\n',
  );
  await expect(async () => {
    await page.reload();
    await expect(page.getByText('1 of 2 matched')).toBeVisible({ timeout: 1000 });
  }).toPass();
  await expect(page.getByText(/reviewer\.md$/)).toBeVisible();
  await page.getByText('1 of 2 matched').scrollIntoViewIfNeeded();
  await shot('routing-subagents');
});
