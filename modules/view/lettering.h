/* lettering.h: words in a picture, in GD's built-in fixed font (ASCII; other letters become '?'). */
#ifndef NADIR_VIEW_LETTERING_H
#define NADIR_VIEW_LETTERING_H

#include "view/picture.h"

#define LETTER_WIDTH 6
#define LETTER_HEIGHT 13

/** Writes a line from its upper left corner in a colour (0xRRGGBB); what lies outside the picture is cut off. */
void lettering_line(struct picture *p, int x, int y, const char *text, unsigned colour);

/** Writes text in lines that fit the picture's width, from its top. */
void lettering_fill(struct picture *p, const char *text, unsigned colour);

#endif
