/** An option of a command, as it is parsed and as the help shows it. */
export interface CommandOption {
  /** A flag, or an option with a value. */
  readonly type: 'boolean' | 'string';
  /** One letter. */
  readonly short?: string;
  /** May be given several times. */
  readonly multiple?: boolean;
  /** What to call its value in the help. */
  readonly value?: string;
  /** What it does, in a line of the help. */
  readonly help: string;
}

/** The options of a command by name. */
export type CommandOptions = Readonly<Record<string, CommandOption>>;

/** What a command takes. */
export interface CommandSyntax {
  /** The words after `assaykit NAME`: `RUN [CASE]`. */
  readonly usage: string;
  /** How many words it takes. */
  readonly words: {
    /** The fewest. */
    readonly least: number;
    /** The most. */
    readonly most: number;
  };
  /** What it takes beside the options of all commands. */
  readonly options: CommandOptions;
}

/** Options that every command takes. */
export const COMMON_OPTIONS = {
  json: { type: 'boolean', help: 'print JSON: one document, or a line for each row of a list' },
  verbose: { type: 'boolean', help: 'print the stack of an error' },
  help: { type: 'boolean', short: 'h', help: 'print this' },
} as const satisfies CommandOptions;

/** The option of every command that reads runs. */
export const STORE_OPTION = {
  store: {
    type: 'string',
    short: 's',
    value: 'PATH',
    help: 'a folder, .db file or postgres:// (default: ASSAYKIT_STORE, else assaykit-results)',
  },
} as const satisfies CommandOptions;

/** The options of every command that needs the queue of a distributed run. */
export const QUEUE_OPTIONS = {
  'queue-url': {
    type: 'string',
    value: 'URL',
    help: 'where the queue is, postgres:// or redis:// (default: ASSAYKIT_QUEUE, else the store)',
  },
  queue: { type: 'string', value: 'NAME', help: 'name of the queue (default: assaykit)' },
} as const satisfies CommandOptions;
