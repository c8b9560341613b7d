/* indices.c: /view/v1/indices: which formulas there are by name. */
#include "view/colormaps.h"
#include "view/expression/catalogue.h"
#include "view/view.h"

int indices_get(struct request *rq, struct response *rs) {
    view_public(rq, rs, 3600);
    return view_json(rq, rs,
                     json_pack("{s:o, s:o, s:s}", "indices", index_list(), "colormaps", colormap_list(), "source",
                               "Awesome Spectral Indices, MIT licence, "
                               "https://github.com/awesome-spectral-indices/awesome-spectral-indices"));
}
