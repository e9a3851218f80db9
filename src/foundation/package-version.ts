/** Version of this package, as in package.json (a test keeps them equal). */
export const PACKAGE_VERSION = '0.1.0';
