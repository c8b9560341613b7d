#include "test.h"

#include "common/metrics.h"
#include "common/scope.h"

static void exposition_is_prometheus_text(void **state) {
    (void)state;
    struct scope s;
    scope_init(&s, "test", 0);
    metrics_add("orders_total{state=\"paid\"}", 1);
    metrics_add("orders_total{state=\"paid\"}", 2);
    metrics_set("temperature", 21.5);
    metrics_observe("seconds{path=\"/x\"}", 0.003);
    metrics_observe("seconds{path=\"/x\"}", 20);
    const char *text = metrics_text(&s);
    assert_non_null(strstr(text, "# TYPE orders_total counter\norders_total{state=\"paid\"} 3\n"));
    assert_non_null(strstr(text, "# TYPE temperature gauge\ntemperature 21.5\n"));
    assert_non_null(strstr(text, "seconds_bucket{path=\"/x\",le=\"0.0025\"} 0\n"));
    assert_non_null(strstr(text, "seconds_bucket{path=\"/x\",le=\"0.005\"} 1\n"));
    assert_non_null(strstr(text, "seconds_bucket{path=\"/x\",le=\"+Inf\"} 2\n"));
    assert_non_null(strstr(text, "seconds_count{path=\"/x\"} 2\n"));
    scope_end(&s);
}

/* Runs last: it fills the table. */
static void series_are_bounded(void **state) {
    (void)state;
    struct scope s;
    scope_init(&s, "test", 0);
    for (int i = 0; i < 5000; i++) {
        char name[40];
        snprintf(name, sizeof name, "many{n=\"%d\"}", i);
        metrics_add(name, 1);
    }
    const char *text = metrics_text(&s);
    assert_null(strstr(text, "n=\"4999\""));
    assert_null(strstr(text, "nadir_metrics_dropped_total 0\n"));
    scope_end(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(exposition_is_prometheus_text), cmocka_unit_test(series_are_bounded)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
