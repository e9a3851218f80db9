// `node main.mjs [feature …]`: how each feature of the package went here, as JSON. This is what is bundled, too.
import { tryFeatures } from './host.mjs';

const named = process.argv.slice(2);
tryFeatures(named.length > 0 ? named : undefined).then((outcomes) => console.log(JSON.stringify(outcomes)));
