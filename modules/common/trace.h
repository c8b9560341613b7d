/* trace.h: W3C Trace Context (https://www.w3.org/TR/trace-context/), in and out of requests and events. */
#ifndef NADIR_TRACE_H
#define NADIR_TRACE_H

#define TRACEPARENT_SIZE 56 /* "00-" 32 "-" 16 "-" 2 and the end */

struct trace {
    char trace_id[33];
    char span_id[17];
    char parent_id[17]; /* empty: this span is the root */
};

/** A new trace with random identifiers. */
void trace_begin(struct trace *t);

/** Continues the trace of a traceparent header with a span of our own; a malformed or NULL header begins a new one. */
void trace_continue(struct trace *t, const char *traceparent);

/** Writes the traceparent that names our span as parent. */
void trace_format(const struct trace *t, char out[TRACEPARENT_SIZE]);

#endif
