/** A tool that the model wants called, in one shape for all protocols. */
export interface ToolCall {
  /** The server's id of the call, which the tool's result must name; `call_0`, `call_1`, … where it gives none. */
  readonly id: string;
  /** Name of the tool. */
  readonly name: string;
  /** The arguments: the object that `argumentsText` holds; `null` when it holds none. */
  readonly arguments: unknown;
  /** The arguments as the model wrote them; JSON of `arguments` where the protocol has no text of them. */
  readonly argumentsText: string;
  /** `true`: the arguments are no JSON object (broken off, or no JSON at all), or the tool has no name. */
  readonly invalid?: true;
}

/** A tool that the model may call, in one shape for all protocols; one in a server's own shape is sent as it is. */
export interface ToolDefinition {
  /** Name of the tool. */
  readonly name: string;
  /** What it does, for the model. */
  readonly description?: string | undefined;
  /** JSON Schema of its arguments. @default an object without members */
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
  /** Whether the arguments must follow the schema to the letter, where a server can do that. */
  readonly strict?: boolean | undefined;
}
