-- Processes that were uploaded (built-in ones are in the program), jobs, and what jobs wrote.

-- A name belongs to who used it first, for good: results that name it stay true.
CREATE TABLE process (
    process     text PRIMARY KEY,
    owner       text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX process_owner ON process (owner);

-- A version never changes; its files lie in packages/<process>/<version>/ of NADIR_DATA.
CREATE TABLE process_version (
    process     text NOT NULL REFERENCES process,
    version     text NOT NULL,
    manifest    jsonb NOT NULL,                -- checked; see processing/README.md
    visibility  text NOT NULL CHECK (visibility IN ('private', 'public')),
    sha256      text NOT NULL,                 -- of the archive as it was uploaded
    files       integer NOT NULL,
    bytes       bigint NOT NULL,
    deployed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    retired_at  timestamptz,                   -- undeployed: new jobs cannot use it
    removed_at  timestamptz,                   -- and its files are gone
    PRIMARY KEY (process, version)
);
CREATE INDEX process_version_retired ON process_version (retired_at) WHERE retired_at IS NOT NULL AND removed_at IS NULL;

CREATE TABLE job (
    job         uuid PRIMARY KEY,
    process     text NOT NULL,
    version     text NOT NULL,
    owner       text NOT NULL,                 -- who pays and owns the result
    state       text NOT NULL CHECK (state IN ('created', 'queued', 'running', 'successful', 'failed', 'dismissed')),
    package     boolean NOT NULL,              -- false: built in
    inputs      jsonb NOT NULL,                -- as asked, checked
    work        jsonb NOT NULL,                -- for the runner: manifest's limits and entry, input bands and their paths, parameters
    pixels      bigint NOT NULL CHECK (pixels >= 0),
    estimate    bigint NOT NULL CHECK (estimate >= 0),
    cost        bigint CHECK (cost >= 0),      -- once it has ended
    currency    text NOT NULL,
    progress    integer NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 100),
    message     text NOT NULL DEFAULT '',
    reason      text,                          -- of a failure: oom, timeout, disk, exit, signal, result, input, insufficient-funds, lost, …
    exit_code   integer,
    memory_by   text,                          -- how the memory limit was enforced: cgroup1, cgroup2, rlimit
    memory_peak bigint,
    seconds     double precision,
    attempts    integer NOT NULL DEFAULT 0,
    runner      text,                          -- who has it, while it runs
    lease_until timestamptz,
    item        jsonb,                         -- the STAC item of the result
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    queued_at   timestamptz,
    started_at  timestamptz,
    finished_at timestamptz,
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    removed_at  timestamptz,                   -- its owner removed it from the list
    CHECK ((state = 'running') = (runner IS NOT NULL)),
    CHECK ((state IN ('successful', 'failed', 'dismissed')) = (finished_at IS NOT NULL))
);
CREATE INDEX job_owner ON job (owner, job DESC) WHERE removed_at IS NULL;
CREATE INDEX job_active ON job (owner) WHERE state IN ('created', 'queued', 'running');
CREATE INDEX job_queue ON job (queued_at) WHERE state = 'queued';
CREATE INDEX job_lease ON job (lease_until) WHERE state = 'running';
CREATE INDEX job_process ON job (process, version) WHERE state IN ('created', 'queued', 'running');

-- What the program wrote to stdout and stderr: its beginning and its end, bounded by the runner.
CREATE TABLE job_log (
    job         uuid PRIMARY KEY REFERENCES job ON DELETE CASCADE,
    text        text NOT NULL,
    updated_at  timestamptz NOT NULL DEFAULT now()
);
