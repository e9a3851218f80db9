import type { EndpointConnection } from '../http/endpoint-connection.js';
import type { ModelParameters, ModelRequest } from '../model-client.js';

/** What a {@link RequestBody} is made from. */
export interface RequestBodySettings {
  readonly request: ModelRequest;
  readonly parameters: ModelParameters;
  readonly stream: boolean;
  /** The client's model. */
  readonly model: string | undefined;
}

/** The body of a call's requests: written once for all endpoints that speak the same language and have the same model. */
export class RequestBody {
  readonly #settings: RequestBodySettings;
  #text = '';
  #writtenFor: EndpointConnection | undefined;

  constructor(settings: RequestBodySettings) {
    this.#settings = settings;
  }

  /** The body for an endpoint, as JSON. Throws for a request that cannot be written so. */
  textFor(connection: EndpointConnection): string {
    const { request, parameters, stream, model: fallback } = this.#settings;
    const model = connection.modelFor(request.model, fallback);
    const known = this.#writtenFor;
    if (known?.protocol === connection.protocol && known.modelFor(request.model, fallback) === model)
      return this.#text;
    this.#writtenFor = connection;
    return (this.#text = connection.body({ input: request.input, model, parameters, stream }));
  }
}
