/* html_style.c: /stac/style.css, linked in from the file beside this one. */
#include "discovery/html.h"

__asm__(".section .rodata\n"
        ".local style_begin\n"
        ".local style_end\n"
        "style_begin:\n"
        ".incbin \"" STYLE_FILE "\"\n"
        "style_end: .byte 0\n"
        ".previous\n");
extern const char style_begin[], style_end[];

int html_style_get(struct request *rq, struct response *rs) {
    (void)rq;
    response_header(rs, "cache-control", "public, max-age=3600");
    return response_data(rs, 200, "text/css; charset=utf-8", style_begin, (size_t)(style_end - style_begin));
}
