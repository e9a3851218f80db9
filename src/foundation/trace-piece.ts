/** A piece of a streamed answer, told apart. */
export interface TracePiece {
  readonly type: 'text' | 'reasoning';
  readonly text: string;
  /** All that came as text before this was reasoning: its end came, its beginning had been left out. */
  readonly retracts?: true;
}
