// The build puts the code in the place of these names: scripts/page-code.mjs.
declare const ASSAYKIT_PAGE_STYLES: string;
declare const ASSAYKIT_PAGE_THEME: string;
declare const ASSAYKIT_PAGE_REPORT: string;
declare const ASSAYKIT_DASHBOARD_STYLES: string;
declare const ASSAYKIT_DASHBOARD: string;

/** Styles of a report. */
export const PAGE_STYLES: string = ASSAYKIT_PAGE_STYLES;
/** Script for the head of a page: dark or light, before anything is shown. */
export const THEME_SCRIPT: string = ASSAYKIT_PAGE_THEME;
/** Script of a report. */
export const REPORT_SCRIPT: string = ASSAYKIT_PAGE_REPORT;
/** Styles of the dashboard. */
export const DASHBOARD_STYLES: string = ASSAYKIT_DASHBOARD_STYLES;
/** Script of the dashboard, with uPlot and its licence in it. */
export const DASHBOARD_SCRIPT: string = ASSAYKIT_DASHBOARD;
