/**
 * Retrieval: measures of rankings as trec_eval defines them, and scorers that ask a judge claim by claim whether an answer
 * rests on what was retrieved.
 *
 * @module assaykit/retrieval
 */

export { retrieval, type RetrievalMeasure, type RetrievalOptions } from './retrieval/retrieval.js';
export {
  rankByScore,
  rankingScores,
  type RankingScores,
  type RankingScoresOptions,
  type RelevanceGrades,
  type ScoresAtCutoff,
} from './retrieval/ranking-scores.js';
export { faithfulness, type FaithfulnessOptions } from './retrieval/faithfulness.js';
export { contextRecall, type ContextRecallOptions } from './retrieval/context-recall.js';
export { answerRelevance, type AnswerRelevanceOptions } from './retrieval/answer-relevance.js';
export type { ClaimOptions, JudgedClaim } from './retrieval/claim-judge.js';
export type { PlaceInCase } from './scorers/place-in-case.js';
