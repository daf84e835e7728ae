/*
 * The scene is drawn in a fixed order from one Philox stream per picture, (split; class, number):
 * picture 7 of a class is the same however many pictures are made and whoever makes them. Every
 * draw is a statement of its own, since C leaves the order of a call's arguments open.
 */
#include "loader/synth_scene.h"

#include <math.h>

#include "base/real.h"
#include "base/rng.h"
#include "loader/synth_subject.h"

_Static_assert(SCENE_CLASSES == (int)SUBJECT_CLASSES, "every class has a subject");

static const double TURN = 6.283185307179586;
static const double TILT = 0.5; /* radians that a subject leans at most */

static float range(struct rng *rng, double low, double high)
{
    return (float)rng_range(rng, low, high);
}

static bool chance(struct rng *rng, double p)
{
    return rng_uniform(rng) < p;
}

struct tone tone_blend(struct tone a, struct tone b, float share)
{
    return (struct tone){ a.r + share * (b.r - a.r), a.g + share * (b.g - a.g),
                          a.b + share * (b.b - a.b) };
}

/* How bright it looks, 0..1: the eye's weights, and about the square root of the light. */
static float brightness(struct tone t)
{
    return sqrtf(0.299f * t.r + 0.587f * t.g + 0.114f * t.b);
}

static struct tone tone_draw(struct rng *rng)
{
    struct tone t;
    t.r = range(rng, 0.02, 0.9);
    t.g = range(rng, 0.02, 0.9);
    t.b = range(rng, 0.02, 0.9);
    /* Most things are far from pure colors. */
    float gray = (t.r + t.g + t.b) / 3, pure = range(rng, 0.1, 0.9);
    t.r = gray + pure * (t.r - gray);
    t.g = gray + pure * (t.g - gray);
    t.b = gray + pure * (t.b - gray);
    return t;
}

/* Two colors whose brightness differs by at least `least`, either way around. */
static void surface_colors(struct surface *s, struct rng *rng, float least)
{
    s->first = tone_draw(rng);
    s->second = tone_draw(rng);
    for (int tries = 0; tries < 32; tries++) {
        if (fabsf(brightness(s->first) - brightness(s->second)) >= least)
            break;
        s->first = tone_draw(rng);
        s->second = tone_draw(rng);
    }
}

/* Place a body: units times `size` are pixels, turned by up to `turn` either way, then seen at a
 * slant. */
static void thing_place(struct thing *t, const struct body *body, struct rng *rng, float x, float y,
                        float size, double turn, float slant)
{
    t->outline = body->outline;
    t->surface.texture = body->texture;
    t->bevel = body->bevel;
    t->thick = body->thick;
    t->x = x;
    t->y = y;
    double angle = rng_range(rng, -turn, turn), axis = rng_range(rng, 0, TURN);
    float squash = range(rng, 1 - slant, 1);
    float c = (float)real_cos(angle), s = (float)real_sin(angle);
    float ca = (float)real_cos(axis), sa = (float)real_sin(axis);
    /* The slant shortens along `axis`; its inverse lengthens there. */
    float longer = 1 / squash - 1;
    float xx = 1 + longer * ca * ca, xy = longer * ca * sa, yy = 1 + longer * sa * sa;
    t->map[0] = (c * xx + s * xy) / size;
    t->map[1] = (c * xy + s * yy) / size;
    t->map[2] = (c * xy - s * xx) / size;
    t->map[3] = (c * yy - s * xy) / size;
    t->pixel = 1 / (size * sqrtf(squash));
    t->reach = body->outline.kind == OUTLINE_BAR ? 4.0f * SCENE_SIDE_MAX : body->reach * size;
    t->shadow = range(rng, 0.2, 0.7);
    t->surface.relief = range(rng, -0.04, 0.04);
    t->surface.gloss = chance(rng, 0.4) ? range(rng, 0.05, 0.5) : 0;
}

static void background_draw(struct scene *scene, struct rng *rng, float half)
{
    struct surface *s = &scene->background;
    ground_draw(rng, &s->texture);
    surface_colors(s, rng, 0.08f);
    s->second = tone_blend(s->first, s->second, range(rng, 0.2, 0.8));
    s->relief = range(rng, -0.05, 0.05);
    s->gloss = 0;
    scene->background_pixel = 1 / half;
}

/* The subject's texture is plain to see, and so is its outline before the background. */
static void subject_colors(struct surface *s, const struct surface *background, struct rng *rng)
{
    float behind = brightness(tone_blend(background->first, background->second, 0.5f));
    for (int tries = 0; tries < 16; tries++) {
        surface_colors(s, rng, 0.3f);
        if (fabsf(brightness(tone_blend(s->first, s->second, 0.5f)) - behind) >= 0.15f)
            break;
    }
}

static void things_draw(struct scene *scene, struct rng *rng, int class, float half)
{
    float w = (float)scene->width, h = (float)scene->height;
    struct body body;
    int n = 0, behind = (int)rng_integer(rng, 0, 3);
    for (int i = 0; i < behind; i++) {
        clutter_draw(rng, &body);
        float x = range(rng, 0, w);
        float y = range(rng, 0, h);
        float size = half * range(rng, 0.12, 0.35);
        struct thing *t = &scene->things[n++];
        surface_colors(&t->surface, rng, 0.1f);
        thing_place(t, &body, rng, x, y, size, TURN / 2, 0.5f);
    }

    scene->subject = n;
    struct thing *subject = &scene->things[n++];
    subject_draw(class, rng, &body);
    float size = half * range(rng, 0.62, 1.0);
    float x = w / 2 + half * range(rng, -0.25, 0.25);
    float y = h / 2 + half * range(rng, -0.25, 0.25);
    subject_colors(&subject->surface, &scene->background, rng);
    thing_place(subject, &body, rng, x, y, size, TILT, 0.3f);

    int front = chance(rng, 0.4) ? (int)rng_integer(rng, 1, 2) : 0;
    for (int i = 0; i < front; i++) {
        occluder_draw(rng, &body);
        /* At the subject's border, so that its middle is rarely lost. */
        double angle = rng_range(rng, 0, TURN);
        float off = size * range(rng, 0.4, 1.2);
        float ox = x + off * (float)real_cos(angle);
        float oy = y + off * (float)real_sin(angle);
        float occluder = size * range(rng, 0.25, 0.6);
        struct thing *t = &scene->things[n++];
        surface_colors(&t->surface, rng, 0.1f);
        thing_place(t, &body, rng, ox, oy, occluder, TURN / 2, 0.5f);
    }
    scene->things_used = n;
}

static void light_draw(struct light *light, struct rng *rng, float half)
{
    double azimuth = rng_range(rng, 0, TURN);
    double height = rng_range(rng, 0.35, 1.4); /* radians above the picture's plane */
    light->x = (float)(real_cos(azimuth) * real_cos(height));
    light->y = (float)(real_sin(azimuth) * real_cos(height));
    light->z = (float)real_sin(height);
    light->ambient = range(rng, 0.15, 0.6);
    light->direct = range(rng, 0.5, 1.1);
    light->slope_x = range(rng, -0.35, 0.35);
    light->slope_y = range(rng, -0.35, 0.35);
    double across = rng_range(rng, 0, TURN);
    light->edge_x = (float)real_cos(across);
    light->edge_y = (float)real_sin(across);
    light->edge = half * range(rng, -0.8, 0.8);
    light->shade = chance(rng, 0.3) ? range(rng, 0.3, 0.65) : 0;
}

static void camera_draw(struct camera *camera, struct rng *rng)
{
    camera->exposure = range(rng, 0.6, 1.3);
    camera->contrast = range(rng, 0.7, 1.2);
    camera->cast.r = range(rng, 0.7, 1.3);
    camera->cast.g = range(rng, 0.8, 1.2);
    camera->cast.b = range(rng, 0.7, 1.3);
    camera->vignette = range(rng, 0, 0.5);
    camera->blur = range(rng, 0, 1);
    camera->noise = range(rng, 0.005, 0.04);
    camera->color_noise = range(rng, 0, 0.02);
    camera->gray = chance(rng, 0.04);
    camera->seed = rng_u32(rng);

    struct encode_form *form = &camera->form;
    form->kind = chance(rng, 0.15) ? ENCODE_PNG : ENCODE_JPEG;
    form->quality = (int)rng_integer(rng, 45, 95);
    double chroma = rng_uniform(rng);
    form->chroma = chroma < 0.6 ? CHROMA_420 : chroma < 0.75 ? CHROMA_422 : CHROMA_444;
    if (camera->gray)
        form->chroma = CHROMA_GRAY;
    /* Noisy pictures hardly get smaller with more effort: 6 takes three times as long for 2 %. */
    form->level = 2;
}

static int side(float length)
{
    int side = (int)(length + 0.5f);
    return side < SCENE_SIDE_MIN ? SCENE_SIDE_MIN : side > SCENE_SIDE_MAX ? SCENE_SIDE_MAX : side;
}

void scene_draw(struct scene *scene, uint64_t seed, enum scene_split split, int class,
                uint32_t number)
{
    struct rng_key key = rng_derive(seed, "sample", "synth", (uint32_t)split);
    struct rng rng = rng_start(key, (uint64_t) class << 32 | number, 0);
    *scene = (struct scene){ 0 };
    float shorter = range(&rng, SCENE_SIDE_MIN, 112);
    float aspect = range(&rng, 1, 1.5);
    bool wide = chance(&rng, 0.6);
    scene->width = side(wide ? shorter * aspect : shorter);
    scene->height = side(wide ? shorter : shorter * aspect);
    float half = 0.5f * (float)(scene->width < scene->height ? scene->width : scene->height);
    background_draw(scene, &rng, half);
    things_draw(scene, &rng, class, half);
    light_draw(&scene->light, &rng, half);
    camera_draw(&scene->camera, &rng);
}

const char *scene_class_name(int class)
{
    return subject_name(class);
}
