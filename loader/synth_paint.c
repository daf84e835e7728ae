/*
 * Back to front: every thing first throws its shadow on what is painted already, then covers it.
 * Heights are in the thing's units; their slopes, by differences over a pixel, give the normal that
 * the light falls on. Colors are linear until the camera takes their square root, which stands for
 * the film's curve: like everything here it is exact on every machine.
 */
#include "loader/synth_paint.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/real.h"
#include "loader/synth_noise.h"

enum { PIXELS = SCENE_SIDE_MAX * SCENE_SIDE_MAX, RADIUS = 6 };

struct painter {
    struct tone *light;   /* owned: PIXELS, what the camera sees */
    struct tone *blurred; /* owned: PIXELS, blurred along rows */
    uint8_t *pixels;      /* owned: 3 PIXELS */
};

int painter_open(struct painter **result, struct error *err)
{
    struct painter *p = memory_array(1, sizeof(*p), err);
    if (!p)
        return -1;
    p->light = memory_array(PIXELS, sizeof(*p->light), err);
    p->blurred = memory_array(PIXELS, sizeof(*p->blurred), err);
    p->pixels = memory_array(PIXELS, 3, err);
    if (!p->light || !p->blurred || !p->pixels) {
        painter_close(p);
        return -1;
    }
    *result = p;
    return 0;
}

void painter_close(struct painter *p)
{
    if (!p)
        return;
    free(p->light);
    free(p->blurred);
    free(p->pixels);
    free(p);
}

static float clamp(float x, float low, float high)
{
    return x < low ? low : x > high ? high : x;
}

static struct tone scale(struct tone t, float by)
{
    return (struct tone){ t.r * by, t.g * by, t.b * by };
}

/* What the light makes of a surface with slopes (sx, sy). */
static struct tone shade(const struct light *l, const struct surface *s, struct tone color,
                         float sx, float sy)
{
    float norm = 1 / sqrtf(sx * sx + sy * sy + 1);
    float nx = -sx * norm, ny = -sy * norm, nz = norm;
    float facing = clamp(nx * l->x + ny * l->y + nz * l->z, 0, 1);
    struct tone lit = scale(color, l->ambient + l->direct * facing);
    if (s->gloss > 0) {
        /* Blinn's highlight: the normal against the direction halfway between light and eye. */
        float h = 1 / sqrtf(l->x * l->x + l->y * l->y + (l->z + 1) * (l->z + 1));
        float g = clamp((nx * l->x + ny * l->y + nz * (l->z + 1)) * h, 0, 1);
        float g4 = g * g * g * g, g16 = g4 * g4 * g4 * g4;
        lit = tone_blend(lit, (struct tone){ 1, 1, 1 }, s->gloss * g16 * g16);
    }
    return lit;
}

/* Light differs over the picture: a slope, and perhaps the edge of a shade. */
static float light_at(const struct scene *scene, float x, float y)
{
    const struct light *l = &scene->light;
    float w = (float)scene->width, h = (float)scene->height;
    float u = 2 * x / w - 1, v = 2 * y / h - 1;
    float level = 1 + l->slope_x * u + l->slope_y * v;
    float across = (x - w / 2) * l->edge_x + (y - h / 2) * l->edge_y - l->edge;
    level *= 1 - l->shade * clamp(0.5f + across / 4, 0, 1);
    return level > 0.05f ? level : 0.05f;
}

static void paint_background(struct painter *p, const struct scene *scene)
{
    const struct surface *s = &scene->background;
    float pixel = scene->background_pixel;
    for (int y = 0; y < scene->height; y++)
        for (int x = 0; x < scene->width; x++) {
            float u = (float)x * pixel, v = (float)y * pixel;
            float k = texture_at(&s->texture, u, v, pixel);
            float right = texture_at(&s->texture, u + pixel, v, pixel);
            float below = texture_at(&s->texture, u, v + pixel, pixel);
            float slope = s->relief / pixel;
            p->light[y * scene->width + x] =
                shade(&scene->light, s, tone_blend(s->first, s->second, k), (right - k) * slope,
                      (below - k) * slope);
        }
}

/* The height of a thing's surface over its ground, in units; `k` is its texture there. */
static float height_at(const struct thing *t, float distance, float k)
{
    float in = clamp(-distance / t->bevel, 0, 1), out = 1 - in;
    return t->thick * sqrtf(1 - out * out) + t->surface.relief * k;
}

static struct tone thing_color(const struct scene *scene, const struct thing *t, float u, float v,
                               float distance)
{
    const struct surface *s = &t->surface;
    float e = t->pixel;
    float k = texture_at(&s->texture, u, v, e);
    float here = height_at(t, distance, k);
    float du = height_at(t, outline_distance(&t->outline, u + e, v),
                         texture_at(&s->texture, u + e, v, e)) -
               here;
    float dv = height_at(t, outline_distance(&t->outline, u, v + e),
                         texture_at(&s->texture, u, v + e, e)) -
               here;
    /* Slopes by units of the thing, turned into slopes by pixels of the picture. */
    float sx = (du * t->map[0] + dv * t->map[2]) / (e * e);
    float sy = (du * t->map[1] + dv * t->map[3]) / (e * e);
    return shade(&scene->light, s, tone_blend(s->first, s->second, k), sx, sy);
}

/* The picture's part within `reach` of (x, y). */
struct span {
    int left, right, top, bottom;
};

static struct span span_of(const struct scene *scene, float x, float y, float reach)
{
    struct span s = {
        (int)clamp(x - reach, 0, (float)scene->width),
        (int)clamp(x + reach + 1, 0, (float)scene->width),
        (int)clamp(y - reach, 0, (float)scene->height),
        (int)clamp(y + reach + 1, 0, (float)scene->height),
    };
    return s;
}

static void paint_shadow(struct painter *p, const struct scene *scene, const struct thing *t)
{
    const struct light *l = &scene->light;
    float rise = 0.5f * t->thick / (t->pixel * (l->z > 0.4f ? l->z : 0.4f));
    float cx = t->x - l->x * rise, cy = t->y - l->y * rise;
    struct span s = span_of(scene, cx, cy, t->reach);
    for (int y = s.top; y < s.bottom; y++)
        for (int x = s.left; x < s.right; x++) {
            float px = (float)x + 0.5f - cx, py = (float)y + 0.5f - cy;
            float u = t->map[0] * px + t->map[1] * py, v = t->map[2] * px + t->map[3] * py;
            float distance = outline_distance(&t->outline, u, v);
            float inside = clamp(0.5f - distance / 0.3f, 0, 1);
            if (inside > 0) {
                struct tone *tone = &p->light[y * scene->width + x];
                *tone = scale(*tone, 1 - t->shadow * inside);
            }
        }
}

static void paint_thing(struct painter *p, const struct scene *scene, const struct thing *t)
{
    struct span s = span_of(scene, t->x, t->y, t->reach);
    for (int y = s.top; y < s.bottom; y++)
        for (int x = s.left; x < s.right; x++) {
            float px = (float)x + 0.5f - t->x, py = (float)y + 0.5f - t->y;
            float u = t->map[0] * px + t->map[1] * py, v = t->map[2] * px + t->map[3] * py;
            float distance = outline_distance(&t->outline, u, v);
            float cover = clamp(0.5f - distance / t->pixel, 0, 1);
            if (cover > 0) {
                struct tone *tone = &p->light[y * scene->width + x];
                *tone = tone_blend(*tone, thing_color(scene, t, u, v, distance), cover);
            }
        }
}

/* Weights of a Gaussian of `sigma` pixels at 0..RADIUS, summing to one over both sides. */
static void gauss(float sigma, float weight[RADIUS + 1])
{
    float sum = 0;
    for (int i = 0; i <= RADIUS; i++) {
        weight[i] = (float)real_exp(-0.5 * i * i / ((double)sigma * sigma));
        sum += i ? 2 * weight[i] : weight[i];
    }
    for (int i = 0; i <= RADIUS; i++)
        weight[i] /= sum;
}

/* One pass along x or y; the border is repeated. `step` is the distance of neighbors. */
static void blur_pass(const struct tone *from, struct tone *to, int lines, int line_step, int count,
                      int step, const float weight[RADIUS + 1])
{
    for (int line = 0; line < lines; line++)
        for (int i = 0; i < count; i++) {
            struct tone sum = { 0, 0, 0 };
            for (int k = -RADIUS; k <= RADIUS; k++) {
                int at = i + k < 0 ? 0 : i + k >= count ? count - 1 : i + k;
                const struct tone *t = &from[line * line_step + at * step];
                float w = weight[k < 0 ? -k : k];
                sum.r += w * t->r;
                sum.g += w * t->g;
                sum.b += w * t->b;
            }
            to[line * line_step + i * step] = sum;
        }
}

static void blur(struct painter *p, const struct scene *scene)
{
    float weight[RADIUS + 1];
    if (scene->camera.blur < 0.2f)
        return;
    gauss(scene->camera.blur, weight);
    blur_pass(p->light, p->blurred, scene->height, scene->width, scene->width, 1, weight);
    blur_pass(p->blurred, p->light, scene->width, 1, scene->height, scene->width, weight);
}

/* About normal, standard deviation 1: four uniform bytes, whose variance is 4 (256^2 - 1) / 12. */
static float grain(int x, int y, uint32_t seed)
{
    uint32_t h = noise_hash(x, y, seed);
    int sum = (int)(h & 255) + (int)(h >> 8 & 255) + (int)(h >> 16 & 255) + (int)(h >> 24);
    return ((float)sum - 510) / 147.8f;
}

static uint8_t film(const struct camera *c, float level, float noise)
{
    float v = sqrtf(clamp(level, 0, 4)) - 0.5f;
    return (uint8_t)(255 * clamp(v * c->contrast + 0.5f + noise, 0, 1) + 0.5f);
}

static void take_picture(struct painter *p, const struct scene *scene)
{
    const struct camera *c = &scene->camera;
    float w = (float)scene->width, h = (float)scene->height;
    for (int y = 0; y < scene->height; y++)
        for (int x = 0; x < scene->width; x++) {
            const struct tone *t = &p->light[y * scene->width + x];
            float u = 2 * (float)x / w - 1, v = 2 * (float)y / h - 1;
            float level = c->exposure * (1 - c->vignette * (u * u + v * v) / 2);
            float noise = c->noise * grain(x, y, c->seed);
            float tones[3] = { t->r * c->cast.r, t->g * c->cast.g, t->b * c->cast.b };
            if (c->gray)
                tones[0] = tones[1] = tones[2] =
                    0.299f * tones[0] + 0.587f * tones[1] + 0.114f * tones[2];
            for (int i = 0; i < 3; i++) {
                float own = c->gray ? 0 : c->color_noise * grain(x, y, c->seed + 1 + (uint32_t)i);
                p->pixels[3 * (y * scene->width + x) + i] = film(c, level * tones[i], noise + own);
            }
        }
}

struct image painter_paint(struct painter *p, const struct scene *scene)
{
    paint_background(p, scene);
    for (int i = 0; i < scene->things_used; i++) {
        paint_shadow(p, scene, &scene->things[i]);
        paint_thing(p, scene, &scene->things[i]);
    }
    for (int y = 0; y < scene->height; y++)
        for (int x = 0; x < scene->width; x++) {
            struct tone *tone = &p->light[y * scene->width + x];
            *tone = scale(*tone, light_at(scene, (float)x + 0.5f, (float)y + 0.5f));
        }
    blur(p, scene);
    take_picture(p, scene);
    return (struct image){ p->pixels, scene->width, scene->height, (size_t)scene->width * 3 };
}
