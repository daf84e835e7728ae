#include "augment/augmentation.h"

#include <string.h>

extern const struct augmentation augment_resize_short, augment_scale_jitter, augment_random_crop,
    augment_center_crop, augment_random_resized_crop, augment_hflip, augment_vflip,
    augment_translate, augment_rotate, augment_stretch, augment_shear, augment_lens,
    augment_perspective, augment_random_affine, augment_brightness, augment_contrast,
    augment_saturation, augment_hue, augment_color_jitter, augment_pca_color, augment_grayscale,
    augment_gamma, augment_autocontrast, augment_equalize, augment_invert, augment_posterize,
    augment_solarize, augment_solarize_add, augment_sharpness, augment_gaussian_blur,
    augment_gaussian_noise, augment_autoaugment, augment_randaugment, augment_trivialaugment,
    augment_augmix, augment_cutout, augment_random_erasing, augment_normalize,
    augment_subtract_mean, augment_subtract_mean_image, augment_whiten;

const struct augmentation *const augmentations[] = {
    &augment_resize_short,
    &augment_scale_jitter,
    &augment_random_crop,
    &augment_center_crop,
    &augment_random_resized_crop,
    &augment_hflip,
    &augment_vflip,
    &augment_translate,
    &augment_rotate,
    &augment_stretch,
    &augment_shear,
    &augment_lens,
    &augment_perspective,
    &augment_random_affine,
    &augment_brightness,
    &augment_contrast,
    &augment_saturation,
    &augment_hue,
    &augment_color_jitter,
    &augment_pca_color,
    &augment_grayscale,
    &augment_gamma,
    &augment_autocontrast,
    &augment_equalize,
    &augment_invert,
    &augment_posterize,
    &augment_solarize,
    &augment_solarize_add,
    &augment_sharpness,
    &augment_gaussian_blur,
    &augment_gaussian_noise,
    &augment_autoaugment,
    &augment_randaugment,
    &augment_trivialaugment,
    &augment_augmix,
    &augment_cutout,
    &augment_random_erasing,
    &augment_normalize,
    &augment_subtract_mean,
    &augment_subtract_mean_image,
    &augment_whiten,
    NULL,
};

static const struct param chance[] = {
    { "p", PARAM_NUMBER, "", .value = 1, .min = 0, .max = 1,
      .help = "probability of applying it at all" },
    { 0 },
};

const struct param *augmentation_more(const struct augmentation *op)
{
    static const struct param none[] = { { 0 } };
    for (const struct param *row = op->params; row->name; row++)
        if (strcmp(row->name, chance[0].name) == 0)
            return none;
    return op->kind == AUGMENT_OUTPUT ? none : chance;
}

const struct augmentation *augmentation_find(const char *name)
{
    for (int i = 0; augmentations[i]; i++)
        if (strcmp(augmentations[i]->name, name) == 0)
            return augmentations[i];
    return NULL;
}

int augmentation_place(const struct augmentation *op)
{
    int i = 0;
    while (augmentations[i] != op)
        i++;
    return i;
}

const char *augmentation_nearest(const char *name)
{
    const char *names[128];
    size_t count = 0;
    while (augmentations[count] && count < 128) {
        names[count] = augmentations[count]->name;
        count++;
    }
    return param_nearest(name, names, count);
}
