import type { Component } from 'svelte';

/** What every page is given: the variable parts of its path. */
export interface PageProps {
  params: Record<string, string>;
}

/** Pages whose path has no variable part may take nothing. */
export type Page = Component<PageProps> | Component<Record<string, never>>;

export interface Route {
  /** `/requests/:id`: parts that begin with a colon are variable. */
  path: string;
  /** What stands in the window's title and in the navigation. */
  title: string;
  load: () => Promise<{ default: Page }>;
  /** Its second key after `g`; only what is in the navigation has one. */
  key?: string;
  icon?: string;
  /** The path of the entry of the navigation that it belongs to, if it is none itself. */
  under?: string;
  /** Without navigation around it. */
  bare?: boolean;
  /**
   * One page goes through all that this path can name, and what is open in it stays open. Others begin anew
   * with each, so that nothing that was begun with one is done to another.
   */
  follows?: boolean;
}

const live = () => import('./pages/Live.svelte');

/** Every page; the navigation shows those with an icon, in this order. */
export const routes: readonly Route[] = [
  { path: '/', title: 'Live', load: live, key: 'l', icon: 'live' },
  { path: '/requests', title: 'Live', load: live, under: '/' },
  {
    path: '/requests/:id',
    title: 'Exchange',
    load: () => import('./pages/Exchange.svelte'),
    under: '/',
    follows: true,
  },
  {
    path: '/sessions',
    title: 'Sessions',
    load: () => import('./pages/Sessions.svelte'),
    key: 's',
    icon: 'sessions',
  },
  {
    path: '/sessions/:id',
    title: 'Session',
    load: () => import('./pages/Session.svelte'),
    under: '/sessions',
  },
  {
    path: '/transcripts',
    title: 'Transcripts',
    load: () => import('./pages/Transcripts.svelte'),
    key: 't',
    icon: 'transcripts',
  },
  {
    path: '/compare',
    title: 'Compare',
    load: () => import('./pages/Compare.svelte'),
    key: 'c',
    icon: 'compare',
  },
  {
    path: '/usage',
    title: 'Usage',
    load: () => import('./pages/Usage.svelte'),
    key: 'u',
    icon: 'usage',
  },
  {
    path: '/providers',
    title: 'Providers',
    load: () => import('./pages/Providers.svelte'),
    key: 'p',
    icon: 'providers',
  },
  {
    path: '/routing',
    title: 'Routing',
    load: () => import('./pages/Routing.svelte'),
    key: 'r',
    icon: 'routing',
  },
  {
    path: '/nodes',
    title: 'Nodes',
    load: () => import('./pages/Nodes.svelte'),
    key: 'n',
    icon: 'nodes',
  },
  {
    path: '/events',
    title: 'Events',
    load: () => import('./pages/Events.svelte'),
    key: 'v',
    icon: 'events',
  },
  {
    path: '/projects',
    title: 'Projects',
    load: () => import('./pages/Projects.svelte'),
    key: 'o',
    icon: 'projects',
  },
  {
    path: '/projects/new',
    title: 'New project',
    load: () => import('./pages/ProjectEdit.svelte'),
    under: '/projects',
  },
  {
    path: '/projects/:id',
    title: 'Project',
    load: () => import('./pages/Project.svelte'),
    under: '/projects',
  },
  {
    path: '/projects/:id/edit',
    title: 'Edit a project',
    load: () => import('./pages/ProjectEdit.svelte'),
    under: '/projects',
  },
  {
    path: '/tokens',
    title: 'Tokens',
    load: () => import('./pages/Tokens.svelte'),
    key: 'k',
    icon: 'tokens',
  },
  {
    path: '/tokens/new',
    title: 'New token',
    load: () => import('./pages/TokenNew.svelte'),
    under: '/tokens',
  },
  {
    path: '/tokens/:id',
    title: 'Token',
    load: () => import('./pages/Token.svelte'),
    under: '/tokens',
  },
  {
    path: '/cache',
    title: 'Cache',
    load: () => import('./pages/Cache.svelte'),
    key: 'h',
    icon: 'cache',
  },
  {
    path: '/audit',
    title: 'Audit',
    load: () => import('./pages/Audit.svelte'),
    key: 'd',
    icon: 'audit',
  },
  {
    path: '/audit/:id',
    title: 'Audit event',
    load: () => import('./pages/AuditEvent.svelte'),
    under: '/audit',
  },
  {
    path: '/settings',
    title: 'Settings',
    load: () => import('./pages/Settings.svelte'),
    key: 'e',
    icon: 'settings',
  },
  {
    path: '/setup',
    title: 'Set up',
    load: () => import('./pages/Setup.svelte'),
    key: 'i',
    icon: 'setup',
  },
  { path: '/replay/:id', title: 'Replay', load: () => import('./pages/Replay.svelte'), under: '/' },
  {
    path: '/api-docs',
    title: 'API',
    load: () => import('./pages/ApiDocs.svelte'),
    key: 'a',
    icon: 'api',
  },
  { path: '/login', title: 'Log in', load: () => import('./pages/Login.svelte'), bare: true },
];
