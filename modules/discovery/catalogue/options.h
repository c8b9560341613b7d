/* options.h: what nadir-catalogue is asked to do. */
#ifndef DISCOVERY_CATALOGUE_OPTIONS_H
#define DISCOVERY_CATALOGUE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

struct options {
    const char *command;
    const char *const *arguments; /* files, a harvest's name, a folder */
    size_t count;
    const char *collection, *owner, *report, *out;
    bool check_only, upsert, skip_duplicates, report_all, quiet, no_events, private_too, json;
    long from_line, batch, threads;
};

/** Reads the command line: 0, or the exit status plus one after help or a fault was told. */
int options_read(int argc, char **argv, struct options *out);

int load_command(const struct options *o);
int validate_command(const struct options *o);
int dump_command(const struct options *o);
int stats_command(const struct options *o);
int export_command(const struct options *o);
int work_command(const struct options *o);
int harvest_command(const struct options *o);

#endif
