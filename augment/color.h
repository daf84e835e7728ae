/*
 * Entries of a plan's color list, each with its strength decided: what augmentations and policies
 * draw ends here. Factors and levels are those of Pillow's ImageEnhance and torchvision's
 * functional API: factor 1 leaves the picture as it is, levels are 0..255.
 *
 *     struct plan_color entry = color_saturation(0.7);
 *     plan_color(plan, &entry, &err);                    // folded with its neighbors
 *
 * Matrices are linear in the pixel and the mean pixel and fold; steps do not, and are executed by
 * `apply` of the augmentation that is named like them.
 */
#ifndef TENFOLD_AUGMENT_COLOR_H
#define TENFOLD_AUGMENT_COLOR_H

#include "augment/plan.h"

/* ITU-R BT.601, as Pillow's "L" and torchvision. */
#define COLOR_GRAY_R 0.299
#define COLOR_GRAY_G 0.587
#define COLOR_GRAY_B 0.114

/* Matrices. */
struct plan_color color_brightness(double factor); /* factor x */
struct plan_color color_contrast(double factor);   /* factor x + (1 - factor) mean gray */
struct plan_color color_saturation(double factor); /* factor x + (1 - factor) gray of the pixel */
struct plan_color color_grayscale(void);           /* all channels become the gray */
struct plan_color color_invert(void);              /* 255 - x */
struct plan_color color_offset(const double offset[3]);

/* Steps. */
struct plan_color color_hue(double turn); /* of the hue circle, -0.5..0.5 */
struct plan_color color_gamma(double gamma, double gain);
struct plan_color color_autocontrast(void);
struct plan_color color_equalize(void);
struct plan_color color_posterize(int bits);           /* that are kept, 0..8 */
struct plan_color color_solarize(double threshold);    /* levels from there on are inverted */
struct plan_color color_solarize_add(double addition); /* to levels below 128 */
struct plan_color color_sharpness(double factor);      /* 0 blurs, 2 sharpens */
struct plan_color color_gaussian_blur(int size_x, int size_y, double sigma_x, double sigma_y);
struct plan_color color_gaussian_noise(double std, uint64_t seed); /* in levels, each value */

#endif
