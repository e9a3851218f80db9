/** The tables of shared runs: a migration of the schema (`postgres-schema.ts` says how they are written). */
export const RUN_WORK_TABLES = `CREATE TABLE $schema.shared_runs (
     run_id text COLLATE "C" PRIMARY KEY,
     opened_at double precision NOT NULL,  -- milliseconds since the epoch by the server's clock
     batch_size integer NOT NULL,
     limits text NOT NULL,                 -- JSON
     requests_per_second double precision, -- NULL: no limit; these stand in limits, too
     burst double precision NOT NULL,
     tokens_per_minute double precision,
     max_cost double precision,
     max_tokens double precision,
     turns_left double precision NOT NULL, -- of the bucket, at turns_at; negative: given in advance
     tokens_left double precision NOT NULL,
     turns_at double precision NOT NULL,
     input text,                           -- JSON: what the whole input came to; NULL until it has come
     stop_reason text COLLATE "C"          -- NULL: it goes on
   );

   CREATE TABLE $schema.shared_batches (
     run_id text COLLATE "C" NOT NULL,
     batch integer NOT NULL,
     cases text NOT NULL,                  -- JSON: ids, hashes and parameters
     size integer NOT NULL,
     state text COLLATE "C" NOT NULL DEFAULT 'open', -- open, done or failed
     starts integer NOT NULL DEFAULT 0,
     last_start text COLLATE "C",
     error text,
     PRIMARY KEY (run_id, batch)
   ) WITH (fillfactor = 90);
   CREATE INDEX shared_batches_unfinished ON $schema.shared_batches (run_id, state, batch) WHERE state <> 'done';

   CREATE TABLE $schema.shared_spending (
     run_id text COLLATE "C" NOT NULL,
     worker text COLLATE "C" NOT NULL,
     granted_cost double precision NOT NULL,   -- up to where the worker may spend
     granted_tokens double precision NOT NULL,
     cost double precision NOT NULL,           -- what it has spent, as it told last
     tokens double precision NOT NULL,
     estimated_cost double precision NOT NULL,
     estimated_tokens double precision NOT NULL,
     results double precision NOT NULL,
     errored double precision NOT NULL,
     PRIMARY KEY (run_id, worker)
   ) WITH (fillfactor = 50);`;
