export const redisMissing: string | undefined;

export class RedisServer {
  static start(): Promise<RedisServer>;
  readonly url: string;
  crash(): Promise<void>;
  restart(): Promise<void>;
  close(): Promise<void>;
}
