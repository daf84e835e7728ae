/*
 * torchvision's conventions for PIL images, which are Pillow's: maps act on pixel-edge coordinates
 * (the center of pixel i is i + 0.5) and go from the new picture to the old one.
 *
 *     functional.rotate(angle)        counter-clockwise about (w/2, h/2)
 *     functional.affine(angle, ...)   clockwise about (w/2, h/2)
 *     functional.perspective(start, end)   takes `end` of the new picture to `start` of the old
 *                                     one, corners being given as pixel numbers 0..w-1 and used
 *                                     as they are, half a pixel away from the pixels' centers
 */
#include "augment/affine.h"

#include <math.h>
#include <string.h>

#include "base/real.h"

#define PI 3.14159265358979323846

void affine_identity(double map[9])
{
    for (int i = 0; i < 9; i++)
        map[i] = i % 4 == 0;
}

void affine_multiply(const double a[9], const double b[9], double result[9])
{
    double product[9];
    for (int r = 0; r < 3; r++)
        for (int c = 0; c < 3; c++)
            product[3 * r + c] =
                a[3 * r] * b[c] + a[3 * r + 1] * b[3 + c] + a[3 * r + 2] * b[6 + c];
    memcpy(result, product, sizeof(product));
}

bool affine_invert(const double m[9], double result[9])
{
    double adjugate[9];
    for (int r = 0; r < 3; r++)
        for (int c = 0; c < 3; c++) {
            int i = (c + 1) % 3, j = (c + 2) % 3, k = (r + 1) % 3, l = (r + 2) % 3;
            adjugate[3 * r + c] = m[3 * i + k] * m[3 * j + l] - m[3 * i + l] * m[3 * j + k];
        }
    double determinant = m[0] * adjugate[0] + m[1] * adjugate[3] + m[2] * adjugate[6];
    if (!isfinite(determinant) || !isnormal(determinant))
        return false;
    for (int i = 0; i < 9; i++)
        if (!isfinite(adjugate[i] / determinant))
            return false;
    for (int i = 0; i < 9; i++)
        result[i] = adjugate[i] / determinant;
    return true;
}

bool affine_point(const double map[9], double x, double y, double *to_x, double *to_y)
{
    double w = map[6] * x + map[7] * y + map[8];
    double u = (map[0] * x + map[1] * y + map[2]) / w, v = (map[3] * x + map[4] * y + map[5]) / w;
    if (!(w > 0) || !isfinite(u) || !isfinite(v))
        return false;
    *to_x = u;
    *to_y = v;
    return true;
}

void affine_translate(double x, double y, double map[9])
{
    affine_identity(map);
    map[2] = -x;
    map[5] = -y;
}

/* Whole quarter turns give exact zeros and ones. */
static void sine_cosine(double degrees, double *sine, double *cosine)
{
    double turn = fmod(degrees, 360), quarters = nearbyint(turn / 90);
    double rest = (turn - 90 * quarters) * (PI / 180);
    double s = real_sin(rest), c = real_cos(rest);
    switch (((int)quarters + 4) % 4) {
    case 0:
        *sine = s, *cosine = c;
        break;
    case 1:
        *sine = c, *cosine = -s;
        break;
    case 2:
        *sine = -s, *cosine = -c;
        break;
    default:
        *sine = -c, *cosine = s;
        break;
    }
}

/* The linear part about the center, then the translation of the new picture:
 *     old = center + L (new - center - translate). */
static void about(const double l[4], double x, double y, double center_x, double center_y,
                  double map[9])
{
    double from_x = -center_x - x, from_y = -center_y - y;
    affine_identity(map);
    map[0] = l[0];
    map[1] = l[1];
    map[2] = l[0] * from_x + l[1] * from_y + center_x;
    map[3] = l[2];
    map[4] = l[3];
    map[5] = l[2] * from_x + l[3] * from_y + center_y;
}

void affine_rotate(double degrees, double center_x, double center_y, double map[9])
{
    double s, c;
    sine_cosine(degrees, &s, &c);
    const double l[4] = { c, -s, s, c };
    about(l, 0, 0, center_x, center_y, map);
}

/* torchvision's _get_inverse_affine_matrix: the picture is sheared, turned, scaled by
 *     [a b]   [cos(r - sy) / cos sy   -cos(r - sy) tan sx / cos sy - sin r]
 *     [c d] = [sin(r - sy) / cos sy   -sin(r - sy) tan sx / cos sy + cos r]  times scale,
 * whose determinant without the scale is 1; here its inverse [d -b; -c a] / scale. */
void affine_all(double degrees, double translate_x, double translate_y, double scale,
                double shear_x, double shear_y, double center_x, double center_y, double map[9])
{
    double sin_r, cos_r, sin_rs, cos_rs, sin_x, cos_x, sin_y, cos_y;
    sine_cosine(degrees, &sin_r, &cos_r);
    sine_cosine(degrees - shear_y, &sin_rs, &cos_rs);
    sine_cosine(shear_x, &sin_x, &cos_x);
    sine_cosine(shear_y, &sin_y, &cos_y);
    double a = cos_rs / cos_y, b = -cos_rs * (sin_x / cos_x) / cos_y - sin_r;
    double c = sin_rs / cos_y, d = -sin_rs * (sin_x / cos_x) / cos_y + cos_r;
    const double l[4] = { d / scale, -b / scale, -c / scale, a / scale };
    about(l, translate_x, translate_y, center_x, center_y, map);
}

/* Twice the signed area of the triangle of corners i, j, k. */
static double area(const double p[8], int i, int j, int k)
{
    return (p[2 * j] - p[2 * i]) * (p[2 * k + 1] - p[2 * i + 1]) -
           (p[2 * k] - p[2 * i]) * (p[2 * j + 1] - p[2 * i + 1]);
}

static bool in_general_position(const double p[8])
{
    for (int skip = 0; skip < 4; skip++) {
        double a = area(p, skip == 0, skip <= 1 ? 2 : 1, skip <= 2 ? 3 : 2);
        if (!isfinite(a) || fabs(a) < 1e-9)
            return false;
    }
    return true;
}

/* The map that takes (0,0), (1,0), (1,1), (0,1) to four points in a general position. Heckbert,
 * "Fundamentals of Texture Mapping and Image Warping", 1989, section 2.2.3. */
static void square_to(const double p[8], double map[9])
{
    double x1 = p[2] - p[4], x2 = p[6] - p[4], x3 = p[0] - p[2] + p[4] - p[6];
    double y1 = p[3] - p[5], y2 = p[7] - p[5], y3 = p[1] - p[3] + p[5] - p[7];
    double determinant = x1 * y2 - x2 * y1;
    double g = (x3 * y2 - x2 * y3) / determinant, h = (x1 * y3 - x3 * y1) / determinant;
    const double m[9] = { p[2] - p[0] + g * p[2],
                          p[6] - p[0] + h * p[6],
                          p[0],
                          p[3] - p[1] + g * p[3],
                          p[7] - p[1] + h * p[7],
                          p[1],
                          g,
                          h,
                          1 };
    memcpy(map, m, sizeof(m));
}

bool affine_corners(const double from[8], const double to[8], double map[9])
{
    double new_square[9], old_square[9], inverse[9], product[9];
    if (!in_general_position(from) || !in_general_position(to))
        return false;
    square_to(to, new_square);
    square_to(from, old_square);
    if (!affine_invert(new_square, inverse))
        return false;
    affine_multiply(old_square, inverse, product);
    if (product[8] == 0)
        return false;
    for (int i = 0; i < 9; i++)
        map[i] = product[i] / product[8];
    return true;
}
