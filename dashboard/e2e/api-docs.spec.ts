import { answer } from './answers';
import { expect, test } from './test';

const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'weir', version: '0.1.0', description: 'What pages and people ask of weir.' },
  tags: [{ name: 'requests', description: 'Captured exchanges' }, { name: 'routing' }],
  paths: {
    '/api/requests/{id}': {
      get: {
        tags: ['requests'],
        summary: 'One exchange whole',
        parameters: [
          {
            name: 'id',
            in: 'path',
            required: true,
            description: 'Its id, or how it ends',
            schema: { type: 'string' },
          },
        ],
        responses: {
          '200': {
            description: 'found',
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Log' } } },
          },
          '404': { description: 'no such exchange' },
        },
      },
    },
    '/api/routing/strategy': {
      put: {
        tags: ['routing'],
        summary: 'Picks providers otherwise',
        requestBody: {
          required: true,
          content: {
            'application/json': {
              schema: {
                type: 'object',
                required: ['strategy'],
                properties: { strategy: { type: 'string', enum: ['failover', 'shuffle'] } },
              },
            },
          },
        },
        responses: { '200': { description: 'done' } },
      },
    },
  },
  components: {
    schemas: {
      Log: {
        type: 'object',
        required: ['requestId'],
        properties: {
          requestId: { type: 'string', description: 'What names it everywhere' },
          usage: { $ref: '#/components/schemas/Usage' },
        },
      },
      Usage: { type: 'object', properties: { input_tokens: { type: 'integer' } } },
    },
  },
};

test.beforeEach(async ({ page }) => {
  await answer(page, '/openapi.json', DOCUMENT);
});

test('calls are listed by tag with parameters, schemas and an example', async ({ page, shot }) => {
  await page.goto('/api-docs');
  await expect(page.getByText('2 of 2 calls')).toBeVisible();
  await page.getByRole('button', { name: /One exchange whole/ }).click();
  await expect(page.getByText('Its id, or how it ends')).toBeVisible();
  await expect(page.getByText('What names it everywhere')).toBeVisible();
  await page.getByRole('button', { name: 'more of usage' }).click();
  await expect(page.getByText('input_tokens')).toBeVisible();
  await expect(page.getByText(/^curl '.*\/api\/requests\/ID'/)).toBeVisible();
  await shot('api-docs');
});

test('calls are found by words, and an address opens one', async ({ page }) => {
  await page.goto('/api-docs');
  await page.getByLabel('Find a call').fill('put strategy');
  await expect(page.getByText('1 of 2 calls')).toBeVisible();
  await expect(page).toHaveURL(/q=put\+strategy/);
  await page.goto('/api-docs#put-api-routing-strategy');
  await expect(page.getByText('"strategy":"failover"')).toBeVisible();
});
