/* log.h: one JSON object a line on standard error: time, level, module, trace, message and members given in pairs.
 *
 *     log_info(s, "order paid", "order", id, "total", total, NULL);
 *
 * Members are name, text pairs, NULL-ended (a NULL value ends the list too: give "" instead). Secrets are never logged.
 */
#ifndef NADIR_LOG_H
#define NADIR_LOG_H

struct scope;

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

void log_write(enum log_level level, const struct scope *s, const char *message, ...) __attribute__((sentinel));

#define log_debug(s, ...) log_write(LOG_LEVEL_DEBUG, s, __VA_ARGS__)
#define log_info(s, ...) log_write(LOG_LEVEL_INFO, s, __VA_ARGS__)
#define log_warn(s, ...) log_write(LOG_LEVEL_WARN, s, __VA_ARGS__)
#define log_error(s, ...) log_write(LOG_LEVEL_ERROR, s, __VA_ARGS__)

#endif
