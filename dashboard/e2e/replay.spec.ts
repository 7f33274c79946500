import { captured, exchange, get } from './ask';
import { expect, test as own } from './own';
import { test } from './test';

interface Received {
  body: string;
  target: string;
}

/** What went out of a replay, as weir recorded it. */
async function wire(weir: string, id: string): Promise<unknown> {
  const answer = await fetch(`${weir}/api/requests/${id}/raw/request`);
  return answer.text();
}

async function told(weir: string, scenario?: string): Promise<string> {
  const session = `replay-${crypto.randomUUID()}`;
  const headers = {
    'content-type': 'application/json',
    'x-claude-code-session-id': session,
    ...(scenario ? { 'x-mock-scenario': scenario } : {}),
  };
  const body = JSON.stringify({
    model: 'claude-haiku-4-5',
    max_tokens: 64,
    stream: true,
    system: 'Be brief.',
    messages: [{ role: 'user', content: 'Why does the parser lose a line?' }],
  });
  await (await fetch(`${weir}/v1/messages`, { method: 'POST', headers, body })).arrayBuffer();
  return captured(weir, `session=${session}&limit=1`);
}

/** The id of the replay that a page shows. */
async function shown(page: import('@playwright/test').Page): Promise<string> {
  const link = page.getByTestId('answer-replay').getByRole('link', { name: 'See it whole' });
  await expect(link).toBeVisible();
  return ((await link.getAttribute('href')) ?? '').split('/').at(-1) ?? '';
}

test('a captured request is sent elsewhere and streamed beside the original, with figures and a difference', async ({
  page,
  weir,
  shot,
}) => {
  const id = await told(weir, 'thinking,thought="Look before leaping.",text="It ends one early."');
  await page.goto(`/replay/${id}`);
  await expect(page.getByTestId('answer-original')).toContainText('claude-haiku-4-5');
  await page.getByLabel('Provider').selectOption('openai');
  await page.getByLabel('Model').fill('gpt-5.4');
  await page.getByRole('button', { name: 'Send' }).click();
  const replay = page.getByTestId('answer-replay');
  await expect(page.getByText(/lines removed, .* added/)).toBeVisible();
  await expect(replay).toContainText('gpt-5.4');
  await expect(replay).toContainText('$');
  await shot('replay');
  const again = await shown(page);
  const log = await exchange(weir, again);
  expect(log.provider).toBe('openai');
  expect(log.routedModel ?? log.model).toBe('gpt-5.4');
  expect(log.class).toBe('replay');
  await replay.getByRole('link', { name: 'See it whole' }).click();
  await expect(page).toHaveURL(new RegExp(`/requests/${again}`));
});

test('an answer with markup is text in a replay', async ({ page, weir }) => {
  const id = await told(weir, 'text,text="<img src=x onerror=window.hostile=1> **bold**"');
  await page.goto(`/replay/${id}`);
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.getByText(/lines removed|nothing differs|the same/i).first()).toBeVisible();
  await expect(page.getByTestId('answer-original')).toContainText('<img src=x');
  expect(await page.locator('main img[src="x"]').count()).toBe(0);
});

test('the body is edited as text: JSON is checked, digits stay, and edits can be undone', async ({
  page,
  weir,
  shot,
}) => {
  const id = await told(weir);
  await page.goto(`/replay/${id}`);
  await page.getByRole('button', { name: 'Edit the body' }).click();
  const editor = page.getByLabel('The body to send');
  await expect(editor).toHaveValue(/"model": "/);
  await expect(page.getByText('Not edited: the captured bytes are sent.')).toBeVisible();
  await editor.fill('{\n  "model": "m",\n  "n": \n}');
  await expect(page.getByText(/line 4, column 1/)).toBeVisible();
  await expect(page.getByRole('button', { name: 'Send' })).toBeDisabled();
  await shot('replay-editor');
  const edited =
    '{"model":"claude-haiku-4-5","max_tokens":8,"messages":[],"n":12345678901234567890}';
  await editor.fill(edited);
  await page.getByRole('button', { name: 'Send' }).click();
  const sent = await shown(page);
  expect(await wire(weir, sent)).toBe(edited);
  await page.getByRole('button', { name: 'Undo edits' }).click();
  await expect(page.getByText('Not edited: the captured bytes are sent.')).toBeVisible();
});

test('without edits the captured bytes are sent', async ({ page, weir }) => {
  const id = await told(weir);
  await page.goto(`/replay/${id}`);
  await page.getByRole('button', { name: 'Send' }).click();
  expect(await wire(weir, await shown(page))).toBe(await wire(weir, id));
});

own('a replay that is refused says why', async ({ page, weir, expected }) => {
  expected.push(/40\d|50\d/);
  const id = await told(weir);
  await fetch(`${weir}/api/providers/spare/disable`, { method: 'POST' });
  await page.goto(`/replay/${id}`);
  await page.getByLabel('Provider').selectOption('spare');
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.getByTestId('answer-replay')).toContainText(/spare/);
  await expect(page.getByTestId('answer-replay')).toContainText(/disabled|switched off|off/);
});

test('an error of the provider is shown as its answer', async ({ page, weir, expected }) => {
  expected.push(/400/);
  const id = await told(weir);
  await page.goto(`/replay/${id}`);
  await page.getByRole('button', { name: 'Edit the body' }).click();
  const body = {
    model: 'claude-haiku-4-5',
    max_tokens: 8,
    messages: [{ role: 'user', content: '[mock:400 message="too odd"]' }],
  };
  await page.getByLabel('The body to send').fill(JSON.stringify(body));
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.getByTestId('answer-replay')).toContainText('400');
  await expect(page.getByTestId('answer-replay')).toContainText('too odd');
});

const criterion = (score: number, feedback: string) => ({ score, feedback });
const VERDICT = {
  overallScore: 3.5,
  detailedFeedback: 'It says what to do, and leaves open in which file.',
  improvedPrompt: 'In src/parser.rs, find out why a line is lost.',
  criteria: {
    clarity: criterion(4, 'One reading.'),
    context: criterion(2, 'No file is named.'),
    structure: criterion(4, 'Short and in order.'),
    examples: criterion(3, 'A sample line would help.'),
    taskSpecific: criterion(4, 'The aim is there.'),
  },
};

own.describe('with a judge', () => {
  // A provider of its own, so that the mock knows what it is asked for by the key.
  own.use({
    // Indented: it goes on with the providers.
    extra: `  judge:
    type: anthropic
    base_url: MOCK
    api_key: sk-ant-judge
    client_credentials: never
dashboard:
  grading:
    provider: judge
    model: claude-opus-4-5
`,
  });

  own(
    'a prompt is graded when asked for, by criteria, and the grade stays',
    async ({ page, weir, mock, shot }) => {
      await fetch(`${mock}/_mock/credential`, {
        method: 'POST',
        body: JSON.stringify({
          credential: 'sk-ant-judge',
          scenario: `tools,tool=hand_in_grade,arguments=${JSON.stringify(VERDICT)}`,
        }),
      });
      const id = await told(weir);
      await page.goto(`/replay/${id}`);
      await expect(page.getByTestId('score')).toHaveText('-/5');
      await expect(page.getByText('which costs money')).toBeVisible();
      const judged = async (): Promise<Received[]> => {
        const all = await get<{ requests: Received[] }>(
          weir,
          '/api/requests/summary?limit=20&provider=judge',
        );
        return all.requests;
      };
      expect(await judged()).toEqual([]);
      await page.getByRole('button', { name: 'Grade this prompt' }).click();
      await expect(page.getByTestId('score')).toHaveText('3.5/5');
      await expect(page.getByText('No file is named.')).toBeVisible();
      await expect(page.getByRole('meter')).toHaveCount(5);
      expect((await judged()).length).toBe(1);
      await page.getByTestId('score').scrollIntoViewIfNeeded();
      await shot('replay-grade');
      await page.reload();
      await expect(page.getByTestId('score')).toHaveText('3.5/5');
      expect((await judged()).length).toBe(1);
    },
  );
});

own('without a judge grading says which setting names one', async ({ page, weir, expected }) => {
  expected.push(/409/);
  await page.goto(`/replay/${await told(weir)}`);
  await page.getByRole('button', { name: 'Grade this prompt' }).click();
  await expect(page.getByText('set `dashboard.grading.model`')).toBeVisible();
});
