import { DASHBOARD_SCRIPT, DASHBOARD_STYLES, THEME_SCRIPT } from '../page/page-code.js';
import type { DashboardParts } from '../page/dashboard-data.js';
import { dataBlock, pageHead, pagePolicy } from '../report/html-page.js';

const CODE = {
  title: 'assaykit dashboard',
  styles: DASHBOARD_STYLES,
  headScript: THEME_SCRIPT,
  script: DASHBOARD_SCRIPT,
  connects: true,
} as const;

/** What the page may do, as a header. Nobody may show it in a frame. */
export const dashboardPolicy = (): string => `${pagePolicy(CODE)}; frame-ancestors 'none'`;

/** The page. Everything in it comes from the server later. */
export const dashboardPage = (parts: DashboardParts): string =>
  pageHead(CODE) +
  '<body>\n<header class="top"><span class="brand">assaykit dashboard</span></header>\n<main>\n' +
  '<p class="warning" id="unread">This page needs JavaScript. It runs only what stands in it.</p>\n' +
  '</main>\n' +
  dataBlock('id="dashboard"', parts) +
  `<script>${DASHBOARD_SCRIPT}</script>\n</body>\n</html>\n`;
