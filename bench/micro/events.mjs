// EventSource against eventemitter3: the difference buys guarded listeners and payloads that are built only when heard.
import { EventSource } from 'assaykit';
import { EventEmitter } from 'eventemitter3';

const OPERATIONS = 1000;

class Source extends EventSource {
  send(count) {
    for (let i = 0; i < count; i++) {
      if (this.wants('case:end')) this.emit('case:end', { at: i, runId: 'run' });
    }
  }
}

export function comparisons() {
  let heard = 0;
  const quiet = new Source();
  const loud = new Source();
  loud.on('case:end', ({ at }) => void (heard += at));
  const quietBare = new EventEmitter();
  const loudBare = new EventEmitter();
  loudBare.on('case:end', ({ at }) => void (heard += at));
  const bareRun = (emitter) => () => {
    for (let i = 0; i < OPERATIONS; i++) emitter.emit('case:end', { at: i, runId: 'run' });
  };
  return [
    {
      name: 'event without a listener',
      run: () => quiet.send(OPERATIONS),
      bare: 'eventemitter3 emit',
      runBare: bareRun(quietBare),
      operations: OPERATIONS,
    },
    {
      name: 'event with one listener',
      run: () => loud.send(OPERATIONS),
      bare: 'eventemitter3 emit',
      runBare: bareRun(loudBare),
      operations: OPERATIONS,
    },
  ];
}
