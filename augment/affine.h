/*
 * 3x3 maps of a picture, for augmentations and policies: each takes a point of the new picture to a
 * point of the old one, as plan_map wants it (row-major, pixel centers at half integers, x to the
 * right, y down). Angles are degrees.
 *
 *     double map[9];
 *     affine_rotate(30, width / 2.0, height / 2.0, map);
 *     plan_map(plan, map, plan->width, plan->height, false, &err);
 *
 * Sines and cosines are base/real's: the same bits on every machine.
 */
#ifndef TENFOLD_AUGMENT_AFFINE_H
#define TENFOLD_AUGMENT_AFFINE_H

#include <stdbool.h>

void affine_identity(double map[9]);
/* result = a * b: first b, then a. `result` may be either. */
void affine_multiply(const double a[9], const double b[9], double result[9]);
/* false when the map has no inverse; `result` is then untouched. */
bool affine_invert(const double map[9], double result[9]);
/* (x, y) through the map; false when it goes to infinity or behind the viewer. */
bool affine_point(const double map[9], double x, double y, double *to_x, double *to_y);

/* The picture moves by (x, y) pixels: right and down where positive. */
void affine_translate(double x, double y, double map[9]);
/* The picture turns counter-clockwise about (center_x, center_y), as torchvision's rotate. */
void affine_rotate(double degrees, double center_x, double center_y, double map[9]);
/* torchvision's functional.affine: rotation clockwise by `degrees`, shears in degrees, then
 * `scale`, about the center, then the translation. */
void affine_all(double degrees, double translate_x, double translate_y, double scale,
                double shear_x, double shear_y, double center_x, double center_y, double map[9]);
/* The map that takes the four corners `to` of the new picture to `from` of the old one (x, y
 * pairs); false when three of them lie on a line. */
bool affine_corners(const double from[8], const double to[8], double map[9]);

#endif
