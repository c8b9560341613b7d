/* progress.h: a bar where someone watches, lines where a log does. All on standard error. */
#ifndef INGEST_PROGRESS_H
#define INGEST_PROGRESS_H

/** Begins a product of so many steps. */
void progress_begin(const char *product, int steps);
/** The next step begins. */
void progress_step(const char *name);
/** GDAL's progress function for the present step: returns 1 to go on. */
int progress_gdal(double fraction, const char *message, void *data);
/** The product is done: the bar is wiped and one line is written. */
void progress_end(const char *product, const char *state, const char *reason);

#endif
