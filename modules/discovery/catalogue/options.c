/* options.c */
#include "discovery/catalogue/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "nadir-catalogue: fills, checks and reads out the catalogue (the database in NADIR_DB_DISCOVERY).\n"
    "\n"
    "  load FILE...           takes STAC items and collections: ndjson, plain or gzip (\"-\": standard input), or\n"
    "                         stac-geoparquet (*.parquet). Each batch is taken whole or not at all; running it again goes on.\n"
    "    --collection ID        all items go into this collection, whatever they say\n"
    "    --insert               what is there stays, and what differs from it is reported (this is the default)\n"
    "    --upsert               what is there and differs is replaced\n"
    "    --owner SUBJECT        the items are private to this user\n"
    "    --skip-duplicates      leaves out items whose content (file:checksum) is there by another name\n"
    "    --report FILE          a line of JSON for each line that was not taken: file, line, id, outcome, why\n"
    "    --report-all           ... and for those that were\n"
    "    --from-line N          begins at line N of the first file\n"
    "    --batch N              items a transaction (2000)\n"
    "    --threads N            that check items (one a processor)\n"
    "    --no-events            other modules are not told (a copy of a catalogue that they know already)\n"
    "  validate FILE...       the same checks; writes nothing and needs no database. --report, --collection, --threads\n"
    "  dump                   all collections and items as ndjson that load takes. --collection ID, --out FILE,\n"
    "                         --private (with private items, and whose they are: nadir:owner)\n"
    "  stats                  items, sizes and times by collection, and parts of the store. --json\n"
    "  export static DIR      a static STAC catalogue of the public items, self-contained; FILE.zip: the same in a zip file\n"
    "  export geoparquet FILE stac-geoparquet of the public items\n"
    "  export ndjson FILE.gz  the public collections and items as lines that load takes elsewhere\n"
    "    --collection \"ID ...\"  only these\n"
    "  harvest [NAME]         takes what is due, or this harvest now, and tells; harvests are made in the back office or by\n"
    "                         POST /discovery/v1/harvests\n"
    "  work                   the service that makes the exports asked for by POST /discovery/v1/exports (NADIR_DATA/exports)\n"
    "  --quiet                no progress on standard error\n";

enum {
    UPSERT = 256,
    INSERT,
    OWNER,
    DUPLICATES,
    REPORT,
    REPORT_ALL,
    FROM,
    BATCH,
    THREADS,
    NO_EVENTS,
    OUT,
    PRIVATE,
    JSON,
    QUIET
};

static const struct option table[] = {{"collection", required_argument, NULL, 'c'},
                                      {"upsert", no_argument, NULL, UPSERT},
                                      {"insert", no_argument, NULL, INSERT},
                                      {"owner", required_argument, NULL, OWNER},
                                      {"skip-duplicates", no_argument, NULL, DUPLICATES},
                                      {"report", required_argument, NULL, REPORT},
                                      {"report-all", no_argument, NULL, REPORT_ALL},
                                      {"from-line", required_argument, NULL, FROM},
                                      {"batch", required_argument, NULL, BATCH},
                                      {"threads", required_argument, NULL, THREADS},
                                      {"no-events", no_argument, NULL, NO_EVENTS},
                                      {"out", required_argument, NULL, OUT},
                                      {"private", no_argument, NULL, PRIVATE},
                                      {"json", no_argument, NULL, JSON},
                                      {"quiet", no_argument, NULL, QUIET},
                                      {"help", no_argument, NULL, 'h'},
                                      {0}};

static bool number(const char *text, long least, long most, long *out) {
    char *end;
    *out = strtol(text, &end, 10);
    return *text && !*end && *out >= least && *out <= most;
}

static int fault(const char *why) {
    fprintf(stderr, "nadir-catalogue: %s; nadir-catalogue --help tells more\n", why);
    return 3;
}

/* One option; NULL or what is wrong with it. */
static const char *take(int option, struct options *o) {
    switch (option) {
    case 'c':
        o->collection = optarg;
        return NULL;
    case UPSERT:
    case INSERT:
        o->upsert = option == UPSERT;
        return NULL;
    case OWNER:
        o->owner = optarg;
        return *optarg && strlen(optarg) <= 256 ? NULL : "--owner wants a user's or client's id";
    case DUPLICATES:
        o->skip_duplicates = true;
        return NULL;
    case REPORT:
        o->report = optarg;
        return NULL;
    case REPORT_ALL:
        o->report_all = true;
        return NULL;
    case FROM:
        return number(optarg, 1, 1L << 60, &o->from_line) ? NULL : "--from-line wants a line's number";
    case BATCH:
        return number(optarg, 1, 10000, &o->batch) ? NULL : "--batch wants 1 to 10000";
    case THREADS:
        return number(optarg, 1, 64, &o->threads) ? NULL : "--threads wants 1 to 64";
    case NO_EVENTS:
        o->no_events = true;
        return NULL;
    case OUT:
        o->out = optarg;
        return NULL;
    case PRIVATE:
        o->private_too = true;
        return NULL;
    case JSON:
        o->json = true;
        return NULL;
    case QUIET:
        o->quiet = true;
        return NULL;
    default:
        return "that option is not known";
    }
}

int options_read(int argc, char **argv, struct options *out) {
    *out = (struct options){.from_line = 1, .batch = 2000};
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, "h", table, NULL)) != -1) {
        if (option == 'h') {
            fputs(usage, stdout);
            return 1;
        }
        const char *why = take(option, out);
        if (why) return fault(why);
    }
    if (optind == argc) return fault("what shall be done? load, validate, dump, stats, export, harvest or work");
    out->command = argv[optind++];
    out->arguments = (const char *const *)&argv[optind];
    out->count = (size_t)(argc - optind);
    return 0;
}
