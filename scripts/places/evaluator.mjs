// What threads and processes of `host.mjs` load: a scorer, which never ends for one answer.
import { createEvaluator, exactMatch } from 'assaykit';

function ends({ output }) {
  while (output === 'endless');
  return 1;
}

export default createEvaluator({
  name: 'worker',
  version: '1',
  dimensions: { accuracy: exactMatch(), ends },
});
