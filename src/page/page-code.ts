// The build puts the code in the place of these names: scripts/page-code.mjs.
declare const ASSAYKIT_PAGE_STYLES: string;
declare const ASSAYKIT_PAGE_THEME: string;
declare const ASSAYKIT_PAGE_REPORT: string;

/** Styles of all pages. */
export const PAGE_STYLES: string = ASSAYKIT_PAGE_STYLES;
/** Script for the head of a page: dark or light, before anything is shown. */
export const THEME_SCRIPT: string = ASSAYKIT_PAGE_THEME;
/** Script of a report. */
export const REPORT_SCRIPT: string = ASSAYKIT_PAGE_REPORT;
