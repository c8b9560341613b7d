/* POST /processing/v1/estimates: what an execution would cost, without ordering it. */
#include "common/fields.h"
#include "processing/service/processing.h"

int estimates_create(struct request *rq, struct response *rs) {
    json_t *body;
    if (request_json(rq, rs, &body)) return 0;
    struct fields f = fields_of(body);
    fields_closed(&f);
    const char *id = field_string(&f, "process", 1, 64);
    const json_t *inputs = field_object(&f, "inputs");
    if (fields_fail(&f, rs)) return 0;
    struct process process;
    int err = process_find(rq->scope, &rq->auth, id, &process);
    if (err == NADIR_ENOTFOUND) return ogc_exception(rs, 404, "no-such-process", "There is no such process.");
    if (err) return err;
    struct order order;
    err = order_make(rq, rs, &process, inputs, false, &order);
    if (err) return err < 0 ? err : 0;
    return response_json(rs, 200,
                         json_pack("{s:I,s:s,s:I}", "amount", (json_int_t)order.amount, "currency", processing_currency(),
                                   "pixels", (json_int_t)order.pixels));
}
