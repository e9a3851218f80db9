import { AssayError } from '../errors.js';

/**
 * Loads an optional peer.
 *
 * @throws AssayError `ASSAY_MISSING_DEPENDENCY` that says what to install
 */
export async function optionalImport<Module>(name: string, load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (error) {
    throw new AssayError(
      'ASSAY_MISSING_DEPENDENCY',
      `assaykit/otel needs the package ${name}, which is not installed: npm install ${name}`,
      { cause: error },
    );
  }
}
