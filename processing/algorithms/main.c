/* nadir-algorithm NAME ...: see algorithm.h. */
#include <cpl_conv.h>
#include <stdio.h>
#include <string.h>

#include "algorithm.h"

int main(int argc, char **argv) {
    GDALAllRegister();
    /* No .aux.xml beside what is read, no look at neighbours of a file. */
    CPLSetConfigOption("GDAL_PAM_ENABLED", "NO");
    CPLSetConfigOption("GDAL_DISABLE_READDIR_ON_OPEN", "EMPTY_DIR");
    if (argc == 2 && strcmp(argv[1], "ndvi") == 0) return ndvi_run("/in/job.json", "/out/result.tif");
    if (argc == 4 && strcmp(argv[1], "ndvi") == 0) return ndvi_run(argv[2], argv[3]);
    if (argc == 5 && strcmp(argv[1], "product") == 0) return product_run(argv[2], argv[3], argv[4]);
    (void)fprintf(stderr, "usage: nadir-algorithm ndvi [JOB RESULT] | product RESULT FOLDER KEY\n");
    return 64;
}
