import { expect, test as base, type Page } from './own';
import { startRedis, type Redis } from './redis';
import { another } from './seed';
import { fire } from './shot';
import { start, type Stack } from './stack';
import { axe, world } from './test';

const HOSTILE = '<img src=x onerror="window.hostile=1">';

function node(page: Page, address: string) {
  return page.getByRole('article', { name: new RegExp(address) });
}

base('one node says how several know each other', async ({ page, weir, shot }) => {
  await page.goto('/nodes');
  await expect(page.getByText('1 node, 0 requests under way')).toBeVisible();
  const own = node(page, weir);
  await expect(own.getByText('serving')).toBeVisible();
  await expect(own.getByText('this node')).toBeVisible();
  await expect(own.getByText('Redis')).toHaveCount(0);
  await expect(page.getByText('shared:')).toBeVisible();
  await expect(page.getByRole('region', { name: 'Several nodes' }).first()).toBeVisible();
  await shot('nodes-one');
});

interface Several {
  redis: Redis;
  other: Stack;
}

const test = base.extend<Several>({
  redis: async ({}, use) => {
    const redis = await startRedis();
    await use(redis);
    await redis.stop();
  },
  extra: async ({ redis }, use) => use(`shared:\n  redis_url: ${redis.url}\n`),
  other: async ({ extra }, use) => {
    const other = await start({ extra, mock: world().mock });
    await use(other);
    await other.stop();
  },
});

test('nodes that share a Redis see each other come and go', async ({ page, weir, other, shot }) => {
  await page.goto('/nodes');
  await expect(page.getByText(/^2 nodes/)).toBeVisible();
  await expect(node(page, weir).getByText('this node')).toBeVisible();
  await expect(node(page, other.weir).getByText('this node')).toHaveCount(0);
  for (const { weir: one } of [{ weir }, other]) {
    await expect(node(page, one).getByText('reached', { exact: true })).toBeVisible();
    await expect(node(page, one).getByText('Clock')).toBeVisible();
  }
  await expect(page.getByText('Several nodes')).toHaveCount(0);
  await shot('nodes-two');
  await axe(page);
  await other.stop();
  // One that stops says so; of one that is killed it is known after eight seconds and a beat.
  await expect(page.getByText(/^1 node,/)).toBeVisible({ timeout: 20_000 });
});

test('what another node takes is in the live list, and its page says where it is kept', async ({
  page,
  weir,
  other,
  expected,
  shot,
}) => {
  expected.push(/404 \(Not Found\)/);
  const model = `elsewhere-${crypto.randomUUID()}`;
  const sent = { ...another(2), body: { model, messages: [{ role: 'user', content: 'Where?' }] } };
  const rows = page.getByRole('list', { name: /Exchanges/ }).getByRole('listitem');
  const elsewhere = rows.filter({ hasText: `:${new URL(other.weir).port}` });
  await page.goto(`/?model=${model}`);
  await expect(page.getByText('following', { exact: true })).toBeVisible();
  // The two may still be about to meet.
  await expect(async () => {
    await fire(other.weir, sent);
    await expect(elsewhere.first()).toContainText('200', { timeout: 1000 });
  }).toPass();
  const before = await rows.count();
  await fire(weir, sent);
  await expect(rows).toHaveCount(before + 1);
  await expect(elsewhere).toHaveCount(before);
  await shot('live-nodes');
  await axe(page);
  await elsewhere.first().click();
  await expect(page.getByText(/kept at the node .*:\d+/)).toBeVisible();
});

test('a node that is not as the others are is told of, and what it says of itself is text', async ({
  page,
  weir,
  redis,
  shot,
}) => {
  const far = Date.now() + 3_600_000;
  const odd = {
    v: 1,
    id: '01a20000-0000-7000-8000-00000000odd1',
    host: HOSTILE,
    address: 'http://10.9.9.9:3001',
    version: '9.9.9',
    started_ms: Date.now() - 7_200_000,
    joined_ms: far,
    seen_ms: far,
    clock_ms: 4200,
    in_flight: 7,
    state: 'draining',
    database: 'postgres',
    sees_database: false,
  };
  await redis.tell('HSET', 'weir:nodes', odd.id, JSON.stringify(odd));
  await page.goto('/nodes');
  const its = node(page, '10.9.9.9');
  await expect(its.getByText(HOSTILE)).toBeVisible();
  await expect(its.getByText('draining')).toBeVisible();
  await expect(its.getByText('4.2 s ahead')).toBeVisible();
  await expect(its.getByText('not reached')).toBeVisible();
  await expect(page.getByText('2 nodes, 7 requests under way')).toBeVisible();
  await expect(page.getByText('They run different versions')).toBeVisible();
  await expect(page.getByText('The clock is off at')).toBeVisible();
  await expect(node(page, weir).getByText('serving')).toBeVisible();
  await shot('nodes-odd');
  await axe(page);
});

test('a Redis that is gone is told of', async ({ page, weir, redis, shot }) => {
  await page.goto('/nodes');
  await expect(node(page, weir).getByText('reached', { exact: true })).toBeVisible();
  await redis.stop();
  await expect(node(page, weir).getByText('not reached')).toBeVisible({ timeout: 30_000 });
  await expect(page.getByText('Redis cannot be reached')).toBeVisible();
  await shot('nodes-no-redis');
});
