/* ngx_http_nadir_pieces: nginx answers with a file that exists only as a plan: pieces of other files, one after another.
 *
 * nginx can send one file, with Range and sendfile; it has nothing that joins several and keeps both (SSI and `addition` drop
 * the length and ranges, njs and Lua copy every byte through a script, mod_zip is not packaged). So a ZIP of a product would
 * have to be stored beside the product, or be written by a module. Here the download module writes only the plan, a few
 * kilobytes: the ZIP's own headers, and which files lie between them.
 *
 *     nadir-pieces 1 <length of the index> <length of the body>\n
 *     = <length>\n                              the next so many bytes after the index
 *     < <length> <mtime> <path>\n               a whole file below the root, that long and of that time (seconds), or it has
 * changed …
 *
 * All numbers are decimal. The plan's address is mapped as that of a static file would be (root, alias, disable_symlinks); the
 * files are looked for below the directive's argument. A piece that is not as planned makes 503 before any byte is sent: the
 * module, asked again, plans anew. Several ranges at once are answered by the whole (RFC 9110 section 14.2 allows it): nginx
 * composes them from a single buffer only.
 */
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#define PLAN_MAGIC "nadir-pieces 1 "
#define PLAN_LINE 80
#define INDEX_MOST (4 << 20)
#define PATH_MOST 2000

typedef struct {
    ngx_str_t root;
} pieces_conf_t;

typedef struct {
    ngx_http_request_t *r;
    ngx_str_t root;
    ngx_file_t *plan;
    off_t literal; /* where the plan's next literal begins */
    off_t total;
    ngx_chain_t *first, **next;
    ngx_buf_t *last;
} pieces_t;

ngx_module_t ngx_http_nadir_pieces_module;

/* ---- the index ---- */

/* A decimal number that ends at `end`; *at is then behind it. NGX_ERROR where there is none. */
static off_t number_read(u_char **at, const u_char *limit, u_char end) {
    u_char *p = *at;
    while (p < limit && *p >= '0' && *p <= '9') p++;
    if (p == limit || *p != end) return NGX_ERROR;
    off_t n = ngx_atoof(*at, (size_t)(p - *at));
    *at = p + 1;
    return n;
}

static ngx_int_t buffer_add(pieces_t *p, ngx_file_t *file, off_t from, off_t length) {
    if (length == 0) return NGX_OK; /* nginx takes an empty buffer for a fault */
    ngx_chain_t *link = ngx_alloc_chain_link(p->r->pool);
    ngx_buf_t *b = ngx_calloc_buf(p->r->pool);
    if (link == NULL || b == NULL) return NGX_HTTP_INTERNAL_SERVER_ERROR;
    b->in_file = 1;
    b->file = file;
    b->file_pos = from;
    b->file_last = from + length;
    *link = (ngx_chain_t){.buf = b, .next = NULL};
    *p->next = link;
    p->next = &link->next;
    p->last = b;
    p->total += length;
    return NGX_OK;
}

/* Opens a file for as long as the request lasts. `path` ends with a NUL. */
static ngx_file_t *file_open(ngx_http_request_t *r, ngx_str_t *path, ngx_open_file_info_t *of) {
    ngx_http_core_loc_conf_t *core = ngx_http_get_module_loc_conf(r, ngx_http_core_module);
    ngx_memzero(of, sizeof *of);
    of->read_ahead = core->read_ahead;
    of->directio = NGX_OPEN_FILE_DIRECTIO_OFF;
    if (ngx_http_set_disable_symlinks(r, core, path, of) != NGX_OK) return NULL;
    if (ngx_open_cached_file(NULL, path, of, r->pool) != NGX_OK || !of->is_file) {
        ngx_log_error(NGX_LOG_WARN, r->connection->log, of->err, "a piece cannot be opened: \"%V\"", path);
        return NULL;
    }
    ngx_file_t *file = ngx_pcalloc(r->pool, sizeof *file);
    if (file == NULL) return NULL;
    file->fd = of->fd;
    file->name = *path;
    file->log = r->connection->log;
    return file;
}

static ngx_int_t piece_file(pieces_t *p, off_t length, time_t mtime, const u_char *name, size_t len) {
    ngx_open_file_info_t of;
    u_char *path = ngx_pnalloc(p->r->pool, p->root.len + len + 2);
    if (path == NULL) return NGX_HTTP_INTERNAL_SERVER_ERROR;
    u_char *end = ngx_cpymem(ngx_cpymem(path, p->root.data, p->root.len), "/", 1);
    end = ngx_cpymem(end, name, len);
    *end = '\0';
    ngx_str_t whole = {(size_t)(end - path), path};
    ngx_file_t *file = file_open(p->r, &whole, &of);
    if (file == NULL) return NGX_HTTP_SERVICE_UNAVAILABLE;
    if (of.size != length || of.mtime != mtime) {
        ngx_log_error(NGX_LOG_WARN, p->r->connection->log, 0, "a piece has changed: \"%V\"", &whole);
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }
    return buffer_add(p, file, 0, length);
}

static ngx_int_t pieces_read(pieces_t *p, u_char *at, const u_char *limit) {
    while (at < limit) {
        u_char kind = *at;
        if (limit - at < 4 || at[1] != ' ' || (kind != '=' && kind != '<')) return NGX_HTTP_INTERNAL_SERVER_ERROR;
        at += 2;
        off_t length = number_read(&at, limit, kind == '=' ? '\n' : ' ');
        if (length < 0) return NGX_HTTP_INTERNAL_SERVER_ERROR;
        ngx_int_t rc;
        if (kind == '=') {
            rc = buffer_add(p, p->plan, p->literal, length);
            p->literal += length;
        } else {
            off_t mtime = number_read(&at, limit, ' ');
            u_char *end = ngx_strlchr(at, (u_char *)limit, '\n');
            if (mtime < 0 || end == NULL || end == at || end - at > PATH_MOST) return NGX_HTTP_INTERNAL_SERVER_ERROR;
            rc = piece_file(p, length, (time_t)mtime, at, (size_t)(end - at));
            at = end + 1;
        }
        if (rc != NGX_OK) return rc;
    }
    return NGX_OK;
}

/* Reads the plan and opens what it names; p->total is then the body's length. */
static ngx_int_t plan_read(pieces_t *p, off_t size) {
    u_char line[PLAN_LINE + 1];
    const size_t magic = sizeof PLAN_MAGIC - 1;
    ssize_t n = ngx_read_file(p->plan, line, PLAN_LINE, 0);
    if (n < (ssize_t)magic || ngx_memcmp(line, PLAN_MAGIC, magic) != 0) return NGX_HTTP_INTERNAL_SERVER_ERROR;
    u_char *at = line + magic;
    off_t length = number_read(&at, line + n, ' ');
    off_t total = length < 0 ? NGX_ERROR : number_read(&at, line + n, '\n');
    off_t begin = at - line;
    if (total < 0 || length > INDEX_MOST || begin + length > size) return NGX_HTTP_INTERNAL_SERVER_ERROR;
    u_char *index = ngx_pnalloc(p->r->pool, (size_t)length + 1);
    if (index == NULL || ngx_read_file(p->plan, index, (size_t)length, begin) != (ssize_t)length)
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    p->literal = begin + length;
    ngx_int_t rc = pieces_read(p, index, index + length);
    if (rc != NGX_OK) return rc;
    return p->total == total && p->literal == size && p->last ? NGX_OK : NGX_HTTP_INTERNAL_SERVER_ERROR;
}

/* ---- the answer ---- */

static ngx_int_t body_send(ngx_http_request_t *r, pieces_t *p) {
    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = p->total;
    r->allow_ranges = 1;
    if (r->headers_in.range &&
        ngx_strlchr(r->headers_in.range->value.data, r->headers_in.range->value.data + r->headers_in.range->value.len, ','))
        r->single_range = 1;
    if (ngx_http_set_content_type(r) != NGX_OK) return NGX_HTTP_INTERNAL_SERVER_ERROR;
    ngx_int_t rc = ngx_http_send_header(r);
    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) return rc;
    p->last->last_buf = r == r->main;
    p->last->last_in_chain = 1;
    return ngx_http_output_filter(r, p->first);
}

static ngx_int_t pieces_handler(ngx_http_request_t *r) {
    pieces_conf_t *conf = ngx_http_get_module_loc_conf(r, ngx_http_nadir_pieces_module);
    ngx_open_file_info_t of;
    ngx_str_t path;
    size_t root;
    if (!(r->method & (NGX_HTTP_GET | NGX_HTTP_HEAD))) return NGX_HTTP_NOT_ALLOWED;
    ngx_int_t rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) return rc;
    u_char *end = ngx_http_map_uri_to_path(r, &path, &root, 0);
    if (end == NULL) return NGX_HTTP_INTERNAL_SERVER_ERROR;
    path.len = (size_t)(end - path.data);
    pieces_t p = {.r = r, .root = conf->root, .next = &p.first};
    p.plan = file_open(r, &path, &of);
    if (p.plan == NULL) return NGX_HTTP_SERVICE_UNAVAILABLE;
    rc = plan_read(&p, of.size);
    if (rc == NGX_HTTP_INTERNAL_SERVER_ERROR)
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0, "this is no plan of pieces: \"%V\"", &path);
    return rc == NGX_OK ? body_send(r, &p) : rc;
}

/* ---- the directive: nadir_pieces <root>; ---- */

static char *pieces_set(ngx_conf_t *cf, ngx_command_t *command, void *data) {
    (void)command;
    pieces_conf_t *conf = data;
    ngx_http_core_loc_conf_t *core = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    ngx_str_t *value = cf->args->elts;
    if (conf->root.data) return "is duplicate";
    conf->root = value[1];
    if (conf->root.len == 0 || conf->root.data[0] != '/') return "needs an absolute path";
    while (conf->root.len > 1 && conf->root.data[conf->root.len - 1] == '/') conf->root.len--;
    core->handler = pieces_handler;
    return NGX_CONF_OK;
}

static void *pieces_conf_create(ngx_conf_t *cf) {
    return ngx_pcalloc(cf->pool, sizeof(pieces_conf_t));
}

static ngx_command_t pieces_commands[] = {
    {ngx_string("nadir_pieces"), NGX_HTTP_LOC_CONF | NGX_CONF_TAKE1, pieces_set, NGX_HTTP_LOC_CONF_OFFSET, 0, NULL},
    ngx_null_command,
};

static ngx_http_module_t pieces_context = {.create_loc_conf = pieces_conf_create};

ngx_module_t ngx_http_nadir_pieces_module = {
    NGX_MODULE_V1, .ctx = &pieces_context, .commands = pieces_commands, .type = NGX_HTTP_MODULE, NGX_MODULE_V1_PADDING,
};

/* What nginx looks for in a module that it loads (auto/make writes the same). */
__attribute__((visibility("default"))) ngx_module_t *ngx_modules[] = {&ngx_http_nadir_pieces_module, NULL};
__attribute__((visibility("default"))) char *ngx_module_names[] = {"ngx_http_nadir_pieces_module", NULL};
__attribute__((visibility("default"))) char *ngx_module_order[] = {NULL};
