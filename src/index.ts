/**
 * Evaluate the answers of AI models at high throughput, with numbers that can be trusted.
 *
 * @module assaykit
 */

// errors
export {
  AssayError,
  InputError,
  type AssayErrorCode,
  type AssayErrorOptions,
  type ErrorRecord,
} from './errors.js';

// foundation
export { byteSizeOf } from './foundation/byte-size.js';
export { systemClock, type Clock, type ClockTimer } from './foundation/clock.js';
export {
  EventSource,
  type BaseEventMap,
  type ForeignEmitter,
  type ListenerErrorEvent,
  type WatchableSource,
} from './foundation/event-source.js';
export type { WorkerFallback } from './foundation/worker-fallback.js';
export { seededRandom, type RandomSource } from './foundation/seeded-random.js';

// batch
export { BatchProcessor } from './batch/batch-processor.js';
export { rescore, type RescoreOptions } from './batch/rescore.js';
export { summarize, type SummarizeOptions } from './batch/summarize.js';
export type { BatchEvents, ProgressEvent } from './batch/batch-events.js';
export type { LiveScore } from './batch/summary/prefix-score.js';
export type {
  BatchProcessorOptions,
  EventLoopProtection,
  ModelTarget,
  ProcessorRateLimit,
  ResponseCache,
  RunBudget,
  Target,
  TargetAnswer,
  TargetContext,
  TargetFunction,
  TargetOutput,
} from './batch/batch-options.js';
export type { RunOptions } from './batch/run-options.js';
export type { CaseField, ColumnNames } from './cases/case-fields.js';
export type { TextEncoding } from './cases/text-encoding.js';
export type { CaseInput } from './cases/case-source.js';
export { fromConcurrencyConfig, type ConcurrencySettings } from './batch/concurrency-config.js';
export type { FileSource } from './cases/file-source.js';
export { readCsv, type CsvRow, type ReadCsvOptions } from './cases/read-csv.js';
export { readJsonl, type ReadJsonlOptions } from './cases/read-jsonl.js';
export type { RowPlace } from './cases/read-records.js';
export { readSuite, type ReadSuiteOptions, type SuiteIssue } from './cases/read-suite.js';
export type { SuiteCase, SuiteMetadata } from './cases/suite-test.js';
export { RunError } from './batch/run-error.js';
export type { StopRule, StopWatch } from './batch/stop-rule.js';
export { formatRunSummary } from './batch/summary/run-summary.js';
export type { BlindBudget, BudgetSummary } from './batch/summary/budget-summary.js';
export type {
  DurationSummary,
  GroupsSummary,
  MetricSummary,
  RepetitionsSummary,
  RunSummary,
  RunSummaryData,
  StopReason,
} from './batch/summary/run-summary.js';

// client
export { LoadBalancedClient, type CloseOptions } from './client/load-balanced-client.js';
export type { EndpointOptions, LoadBalancedClientOptions, TimeoutOptions } from './client/client-options.js';
export type { ApiKey } from './client/http/endpoint-connection.js';
export type { TlsOptions } from './client/http/transport.js';
export type { AdaptiveConcurrencyOptions } from './client/balancing/adaptive-concurrency.js';
export type { ClientEvents } from './client/client-events.js';
export type { ClientSnapshot, EndpointSnapshot } from './client/client-snapshot.js';
export type { EndpointCounts } from './client/balancing/endpoint.js';
export { EndpointError, type AttemptRecord, type EndpointErrorOptions } from './client/endpoint-error.js';
export type { HealthCheckOptions } from './client/http/health-check.js';
export type { HedgingOptions } from './client/call/hedge.js';
export { fromLanguageModel, type LanguageModel, type LanguageModelOptions } from './client/language-model.js';
export type {
  EjectionReason,
  HealthState,
  OutlierEjectionOptions,
} from './client/balancing/outlier-ejection.js';
export type {
  CallOptions,
  ChatMessage,
  FinishReason,
  ModelClient,
  ModelInput,
  ModelParameters,
  ModelRequest,
  ModelResponse,
  ModelStreamEvent,
  RetrievedContext,
  TokenUsage,
} from './client/model-client.js';
export type { GivenToolCall } from './client/given-tool-calls.js';
export type {
  AudioPart,
  FilePart,
  ImagePart,
  MessagePart,
  PartData,
  TextPart,
} from './client/message-part.js';
export type { ToolCall, ToolDefinition } from './client/tool-call.js';
export {
  createPolicy,
  type EndpointCandidate,
  type EndpointPolicy,
  type PickContext,
  type PolicyName,
} from './client/balancing/endpoint-policy.js';
export type { ModelPrice, PriceTable } from './client/price-table.js';
export { anthropicMessages } from './client/protocols/anthropic-messages.js';
export { ollamaChat } from './client/protocols/ollama-chat.js';
export { ollamaGenerate } from './client/protocols/ollama-generate.js';
export { openaiChat } from './client/protocols/openai-chat.js';
export { openaiCompletions } from './client/protocols/openai-completions.js';
export { openaiResponses } from './client/protocols/openai-responses.js';
export { endsAnswer, finishReason } from './client/protocols/finish-reason.js';
export {
  checkAnswer,
  type FilteredAnswer,
  type AnswerParts,
  EmptyAnswer,
  IncompleteAnswer,
  messagesOf,
  plainText,
  ReportedFailure,
  tokenUsageOf,
  type Protocol,
  type ProtocolReply,
  type ProtocolRequest,
  type StreamReader,
} from './client/protocols/protocol.js';
export { promptOf } from './client/protocols/prompt.js';
export type { ProtocolName } from './client/protocols/protocol-names.js';
export type { EndpointRateLimit } from './client/balancing/rate-limit.js';
export type { RetryBudgetOptions } from './client/call/retry-budget.js';
export type { RetryOptions } from './client/call/retry.js';

// evaluation
export type { Aggregate, AggregateContext, Aggregated, AggregateName } from './evaluation/aggregate.js';
export {
  cachedEvaluation,
  cachedEvaluator,
  type CachedEvaluatorOptions,
  type EvaluationCache,
} from './evaluation/cached-evaluator.js';
export {
  createEvaluator,
  type CreateEvaluatorOptions,
  type DimensionOptions,
} from './evaluation/create-evaluator.js';
export type { PromptSource } from './evaluation/prompt-source.js';
export { evaluationFailure } from './evaluation/evaluation-failure.js';
export { Evaluator } from './evaluation/evaluator.js';
export type {
  CaseResult,
  CaseResultBase,
  CaseTimings,
  CulturalContext,
  DimensionResult,
  ErroredCaseResult,
  Evaluation,
  EvaluationContext,
  Score,
  ScoredCaseResult,
  AnyOutputScorer,
  Scorer,
  EvidencePlace,
  ScorerArguments,
  ScorerResult,
  StoredResponse,
  TestCase,
  UnscoredCaseResult,
} from './evaluation/evaluation-types.js';
export type { GivenDimension, GivenEvaluation, OrUndefined } from './evaluation/given-evaluation.js';
export {
  workerEvaluator,
  type WorkerEvaluator,
  type WorkerEvaluatorOptions,
  type WorkerModuleOptions,
} from './workers/worker-evaluator.js';
export { workerScorer, type WorkerScorer } from './workers/worker-scorer.js';

// workers
export {
  recommendConcurrency,
  type ConcurrencyRecommendation,
  type RecommendConcurrencyOptions,
  type SystemResources,
} from './workers/recommend-concurrency.js';
export type { WorkerEvents } from './workers/worker-events.js';
export type { PlacementNotice } from './workers/worker-protocol.js';
export { WorkerPool, type WorkerPoolStats } from './workers/worker-pool.js';
export type { WorkerPoolOptions } from './workers/pool-options.js';

// scorers
export type { BleuTokenizer } from './scorers/text-metrics/bleu-tokenizers.js';
export { bleu, sentenceBleu, type BleuOptions, type BleuScore } from './scorers/text-metrics/bleu.js';
export { yesNo, type YesNoOptions, type YesNoReference } from './scorers/yes-no.js';
export type { YesNoWords } from './scorers/reading/yes-no-words.js';
export type { ReasoningOptions } from './scorers/visible-output.js';
export type { ReasoningHandling } from './foundation/reasoning-trace.js';
export type { JsonLeniency, JsonReadingOptions } from './scorers/json/json-extraction.js';
export type { DecimalMark } from './scorers/reading/written-digits.js';
export { choice, type ChoiceOptions } from './scorers/choice.js';
export type { BuiltInTiers, ChoiceTier } from './scorers/choice-tiers.js';
export { chrf, sentenceChrf, type ChrfOptions } from './scorers/text-metrics/chrf.js';
export { defineScorer } from './scorers/define-scorer.js';
export {
  CorpusTotal,
  withCorpusMetric,
  type CorpusMetric,
  type CorpusScorer,
  type CorpusSummary,
} from './evaluation/corpus-metric.js';
export { dropF1, dropScores, type DropF1Options, type DropScores } from './scorers/text-metrics/drop-f1.js';
export { editSimilarity, type EditSimilarityOptions } from './scorers/text-metrics/edit-similarity.js';
export { exactMatch, type ExactMatchOptions } from './scorers/exact-match.js';
export { includes, startsWith, type IncludesOptions, type StartsWithOptions } from './scorers/includes.js';
export { jsonMatch, type JsonMatchOptions } from './scorers/json/json-match.js';
export {
  jsonSchema,
  type JsonSchemaDocument,
  type JsonSchemaOptions,
  type StandardIssue,
  type StandardResult,
  type StandardSchema,
} from './scorers/json/json-schema.js';
export type { JsonPlace } from './scorers/json/json-extraction.js';
export { judgeUsageOf, type JudgeUsage } from './evaluation/judge-usage.js';
export type { JudgeModelOptions } from './scorers/judges/judge-call.js';
export { jsonValid, type JsonValidOptions } from './scorers/json/json-valid.js';
export { judge, type JudgeOptions } from './scorers/judges/judge.js';
export type { JudgePromptParts, RatingScale, RubricOptions } from './scorers/judges/rubric-judge.js';
export { jury, juryVotes, type JuryOptions, type JuryVote } from './scorers/judges/jury.js';
export type { NoMatchPolicy } from './scorers/no-match.js';
export { number, type NumberOptions } from './scorers/number.js';
export {
  pairwiseJudge,
  type PairVerdicts,
  type PairwiseJudgeOptions,
} from './scorers/judges/pairwise-judge.js';
export { regex, type RegexOptions } from './scorers/regex.js';
export {
  rouge,
  rougeScore,
  type RougeOptions,
  type RougeScore,
  type RougeVariant,
} from './scorers/text-metrics/rouge.js';
export type { TextComparisonOptions } from './scorers/text-comparison.js';
export type { TextReference } from './scorers/text-reference.js';
export {
  squadScores,
  tokenF1,
  type SquadScores,
  type TokenF1Options,
} from './scorers/text-metrics/token-f1.js';

// statistics; the rest is `assaykit/statistics`
export type { Interval, IntervalMethod } from './statistics/intervals.js';
export {
  compareRuns,
  type CompareRunsOptions,
  type RunComparison,
  type RunSource,
  type StoredRun,
} from './statistics/compare-runs.js';
export { ComparisonRefusedError } from './statistics/comparison-refused.js';
export { formatComparison, type FormatComparisonOptions } from './statistics/format-comparison.js';
export type { ChangedCases } from './statistics/changed-cases.js';
export type { UnmatchedResults } from './statistics/join-results.js';
export type { MetricComparison } from './statistics/pair-set.js';
export type { PairedComparison, PairedTestName } from './statistics/paired-differences.js';

// stores
export { decodeResult, encodeResult } from './stores/result-codec.js';
export {
  convertResults,
  type ConvertedResults,
  type ConvertResultsOptions,
} from './stores/convert-results.js';
export type { DurableStore } from './stores/durable-store.js';
export { GzipFileResultStore } from './stores/gzip/gzip-file-result-store.js';
export type { GzipFileResultStoreOptions } from './stores/gzip/gzip-options.js';
export { MemoryResultStore, type MemoryResultStoreOptions } from './stores/memory-result-store.js';
export type { CaseContent, KeptCase } from './stores/kept-case.js';
export type {
  AppendOptions,
  BatchSummary,
  QueriedResult,
  ResultKey,
  ResultQuery,
  ResultStore,
  ResultStoreEvents,
} from './stores/result-store.js';
export type { HeldLease, RunLease } from './stores/run-lease.js';
export type { MachineTime } from './foundation/machine-time.js';
export type { ProcessIdentity } from './foundation/process-identity.js';
export type { RunManifest } from './stores/run-manifest.js';
export type { RunEnd, RunQuery, RunRecord, RunState } from './stores/run-record.js';

// cache
export { MemoryBoundedCache } from './cache/memory-bounded-cache.js';
export type {
  CacheSetOptions,
  CacheStats,
  GetOrComputeOptions,
  MemoryBoundedCacheOptions,
} from './cache/cache-options.js';
export type { CacheEvents } from './cache/cache-events.js';
export type { DiskEntry, DiskTier, DiskTierStats } from './cache/disk-tier.js';

// monitor
export { AlertManager } from './monitor/alerts/alert-manager.js';
export type {
  AlertEvents,
  AlertManagerOptions,
  AlertReceiver,
  AlertState,
  SnapshotSource,
} from './monitor/alerts/alert-options.js';
export type { AlertRule, AlertSeverity } from './monitor/alerts/alert-rule.js';
export { defaultAlertRules, type DefaultAlertRulesOptions } from './monitor/alerts/alert-rules.js';
export type { Alert } from './monitor/alerts/alert.js';
export type { AlertDeliveryContext, AlertHandler } from './monitor/alerts/alert-handler.js';
export { consoleHandler, type ConsoleHandlerOptions } from './monitor/alerts/handlers/console-handler.js';
export {
  emailHandler,
  type EmailHandlerOptions,
  type EmailMessage,
  type EmailTransport,
} from './monitor/alerts/handlers/email-handler.js';
export {
  pagerDutyEvent,
  pagerDutyHandler,
  type PagerDutyEvent,
  type PagerDutyHandlerOptions,
} from './monitor/alerts/handlers/pager-duty-handler.js';
export {
  slackHandler,
  slackMessage,
  type SlackBlock,
  type SlackHandlerOptions,
  type SlackMessage,
} from './monitor/alerts/handlers/slack-handler.js';
export type { WebhookUrl } from './monitor/alerts/handlers/post-json.js';
export {
  webhookHandler,
  type WebhookHandlerOptions,
  type WebhookPayload,
} from './monitor/alerts/handlers/webhook-handler.js';
export {
  createMetricsHandler,
  type MetricsHandlerOptions,
  type PrometheusSource,
} from './monitor/metrics-handler.js';
export { eventLog, type EventLog, type EventLogEvents, type EventLogOptions } from './monitor/event-log.js';
export type {
  MonitoredSource,
  MonitorEvents,
  RealTimeMonitorOptions,
  ResponseTimeBuckets,
} from './monitor/monitor-options.js';
export type { MonitorGauges } from './monitor/activity-metrics.js';
export type { MonitorSummary } from './monitor/monitor-summary.js';
export type {
  EndpointActivity,
  HistoryEntry,
  MetricName,
  ModelActivity,
  MonitorTotals,
  PerformanceMetrics,
  PerformanceSnapshot,
  RunActivity,
} from './monitor/performance-snapshot.js';
export { RealTimeMonitor } from './monitor/real-time-monitor.js';
export type { MetricOverTime } from './monitor/snapshot-history.js';
export type { TerminalStream } from './monitor/terminal/status-line.js';
export type { SystemMetrics, SystemSampler } from './monitor/machine/system-sampler.js';
export {
  terminalProgress,
  type ProgressSource,
  type TerminalProgress,
  type TerminalProgressOptions,
} from './monitor/terminal/terminal-progress.js';

// the command line
export type { EvalDefinition } from './cli/eval-definition.js';
