import type { EndpointConnection } from '../http/endpoint-connection.js';
import type { ModelParameters } from '../model-client.js';
import type { NewCall } from './call-settings.js';

/** The body of a call's requests: written once for all endpoints that speak the same language and have the same model. */
export class RequestBody {
  readonly #call: Pick<NewCall, 'request' | 'stream'>;
  readonly #parameters: ModelParameters;
  readonly #model: string | undefined;
  #text = '';
  #writtenFor: EndpointConnection | undefined;

  /** `model`: the client's. */
  constructor(
    call: Pick<NewCall, 'request' | 'stream'>,
    parameters: ModelParameters,
    model: string | undefined,
  ) {
    this.#call = call;
    this.#parameters = parameters;
    this.#model = model;
  }

  /** The body for an endpoint, as JSON. Throws for a request that cannot be written so. */
  textFor(connection: EndpointConnection): string {
    const { request, stream } = this.#call;
    const model = connection.modelFor(request.model, this.#model);
    const known = this.#writtenFor;
    if (known?.protocol === connection.protocol && known.modelFor(request.model, this.#model) === model)
      return this.#text;
    this.#writtenFor = connection;
    const parameters = this.#parameters;
    return (this.#text = connection.body({ input: request.input, model, parameters, stream }));
  }
}
