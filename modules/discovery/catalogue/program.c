/* program.c: nadir-catalogue. */
#include <stdio.h>
#include <string.h>

#include "discovery/catalogue/options.h"

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        int (*run)(const struct options *o);
        size_t least, most; /* arguments */
    } commands[] = {
        {"load", load_command, 1, 100000}, {"validate", validate_command, 1, 100000}, {"dump", dump_command, 0, 0},
        {"stats", stats_command, 0, 0},    {"export", export_command, 2, 2},          {"harvest", harvest_command, 0, 1},
        {"work", work_command, 0, 0},
    };
    struct options o;
    int stop = options_read(argc, argv, &o);
    if (stop) return stop - 1;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(o.command, commands[i].name) != 0) continue;
        if (o.count >= commands[i].least && o.count <= commands[i].most) return commands[i].run(&o);
        break;
    }
    fprintf(stderr, "nadir-catalogue: that is not how %s is used; nadir-catalogue --help tells how\n", o.command);
    return 2;
}
