/**
 * A page that follows runs while they go on, and looks into those that a store has.
 *
 * @module assaykit/dashboard
 */

export { startDashboard } from './dashboard/start-dashboard.js';
export type { Dashboard, DashboardOptions } from './dashboard/start-dashboard.js';
export type { DashboardMonitor, DashboardSource } from './dashboard/live-watch.js';
