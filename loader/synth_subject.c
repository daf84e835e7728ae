/*
 * Five shapes with two textures each: a net that sees the shape alone cannot tell two of the
 * classes apart, one that sees the texture alone cannot tell five. Within a shape both classes draw
 * the outline from nearly the same distribution, and clutter carries the same textures. Ranges, not
 * prototypes: whatever is not the claim of the class varies.
 */
#include "loader/synth_subject.h"

#include <stdbool.h>

#include "base/real.h"

static float range(struct rng *rng, double low, double high)
{
    return (float)rng_range(rng, low, high);
}

static bool chance(struct rng *rng, double p)
{
    return rng_uniform(rng) < p;
}

/* A texture in any direction and at any place. */
static void turn_texture(struct texture *t, struct rng *rng, double angle)
{
    t->cosine = (float)real_cos(angle);
    t->sine = (float)real_sin(angle);
    t->shift_x = range(rng, 0, 50);
    t->shift_y = range(rng, 0, 50);
    t->seed = rng_u32(rng);
}

static void stripes_draw(struct texture *t, struct rng *rng, double low, double high)
{
    t->kind = TEXTURE_STRIPES;
    t->frequency = range(rng, low, high);
    t->share = range(rng, 0.35, 0.6);
    t->wave = range(rng, 0.1, 0.5);
    turn_texture(t, rng, rng_range(rng, 0, 6.2831853));
}

static void spots_draw(struct texture *t, struct rng *rng, double low, double high)
{
    t->kind = TEXTURE_SPOTS;
    t->frequency = range(rng, low, high);
    t->share = range(rng, 0.25, 0.45);
    t->wave = range(rng, 0, 0.2);
    turn_texture(t, rng, rng_range(rng, 0, 6.2831853));
}

static void spokes_draw(struct texture *t, struct rng *rng, int count)
{
    t->kind = TEXTURE_SPOKES;
    t->frequency = (float)count;
    t->share = range(rng, 0.35, 0.6);
    t->wave = range(rng, 0, 0.25);
    turn_texture(t, rng, 0);
}

/* Outlines. */

static void disc(struct body *b, struct rng *rng)
{
    b->outline.kind = OUTLINE_DISC;
    b->outline.wobble = range(rng, 0, 0.08);
    b->bevel = 1;
    b->thick = range(rng, 0.5, 1);
}

static void lens(struct body *b, struct rng *rng)
{
    b->outline.kind = OUTLINE_LENS;
    b->outline.width = range(rng, 0.36, 0.6);
    b->outline.wobble = range(rng, 0, 0.1);
    b->bevel = range(rng, 0.3, 0.6);
    b->thick = range(rng, 0.15, 0.4);
    b->reach = 1.4f;
}

static void star(struct body *b, struct rng *rng)
{
    b->outline.kind = OUTLINE_STAR;
    b->outline.count = (int)rng_integer(rng, 5, 7);
    b->outline.depth = range(rng, 0.4, 0.62);
    b->outline.wobble = range(rng, 0, 0.08);
    b->bevel = range(rng, 0.2, 0.4);
    b->thick = range(rng, 0.15, 0.35);
}

static void box(struct body *b, struct rng *rng)
{
    b->outline.kind = OUTLINE_BOX;
    b->outline.width = range(rng, 0.6, 0.85);
    b->outline.depth = range(rng, -0.2, 0.2);
    b->bevel = range(rng, 0.08, 0.25);
    b->thick = range(rng, 0.08, 0.2);
    b->reach = 1.3f;
}

static void ring(struct body *b, struct rng *rng)
{
    b->outline.kind = OUTLINE_RING;
    b->outline.width = range(rng, 0.22, 0.34);
    b->outline.wobble = range(rng, 0, 0.08);
    b->bevel = b->outline.width;
    b->thick = range(rng, 0.15, 0.35);
}

/* Classes, in alphabetical order. */

static void crate(struct body *b, struct rng *rng)
{
    box(b, rng);
    stripes_draw(&b->texture, rng, 1.6, 3);
    b->texture.wave *= 0.4f;
    /* Planks lie along a side. */
    bool along = chance(rng, 0.5);
    b->texture.cosine = along ? 1 : 0;
    b->texture.sine = along ? 0 : 1;
}

static void die(struct body *b, struct rng *rng)
{
    box(b, rng);
    spots_draw(&b->texture, rng, 1.5, 2.6);
}

static void donut(struct body *b, struct rng *rng)
{
    ring(b, rng);
    spots_draw(&b->texture, rng, 2.4, 3.6);
}

static void fish(struct body *b, struct rng *rng)
{
    lens(b, rng);
    b->outline.tail = range(rng, 0.15, 0.4);
    spots_draw(&b->texture, rng, 2.4, 4);
}

static void flower(struct body *b, struct rng *rng)
{
    star(b, rng);
    b->outline.point = range(rng, 0, 0.7);
    /* A whole number of streaks on every petal. */
    spokes_draw(&b->texture, rng, b->outline.count * (int)rng_integer(rng, 1, 2));
}

static void ladybird(struct body *b, struct rng *rng)
{
    disc(b, rng);
    spots_draw(&b->texture, rng, 1.5, 2.6);
}

static void leaf(struct body *b, struct rng *rng)
{
    lens(b, rng);
    b->outline.tail = range(rng, 0.04, 0.25);
    b->texture.kind = TEXTURE_RIBS;
    b->texture.frequency = range(rng, 2, 3.6);
    b->texture.share = range(rng, 0.3, 0.55);
    b->texture.wave = range(rng, 0, 0.25);
    turn_texture(&b->texture, rng, 0);
    b->texture.shift_y = 0;
}

static void melon(struct body *b, struct rng *rng)
{
    disc(b, rng);
    stripes_draw(&b->texture, rng, 1.5, 2.8);
}

static void starfish(struct body *b, struct rng *rng)
{
    star(b, rng);
    b->outline.point = range(rng, 0.3, 1);
    spots_draw(&b->texture, rng, 2.4, 3.8);
}

static void tire(struct body *b, struct rng *rng)
{
    ring(b, rng);
    spokes_draw(&b->texture, rng, (int)rng_integer(rng, 9, 15));
}

static const struct subject {
    const char *name;
    void (*draw)(struct body *body, struct rng *rng);
} subjects[SUBJECT_CLASSES] = {
    { "crate", crate },       { "die", die },           { "donut", donut }, { "fish", fish },
    { "flower", flower },     { "ladybird", ladybird }, { "leaf", leaf },   { "melon", melon },
    { "starfish", starfish }, { "tire", tire },
};

static void body_start(struct body *b, struct rng *rng)
{
    *b = (struct body){ .reach = 1.2f };
    b->outline.seed = rng_u32(rng);
}

const char *subject_name(int class)
{
    return subjects[class].name;
}

void subject_draw(int class, struct rng *rng, struct body *body)
{
    body_start(body, rng);
    subjects[class].draw(body, rng);
}

static void any_texture(struct texture *t, struct rng *rng)
{
    switch (rng_below(rng, 4)) {
    case 0:
        stripes_draw(t, rng, 1, 4);
        return;
    case 1:
        spots_draw(t, rng, 1, 4);
        return;
    default:
        ground_draw(rng, t);
    }
}

void clutter_draw(struct rng *rng, struct body *body)
{
    body_start(body, rng);
    struct outline *o = &body->outline;
    switch (rng_below(rng, 4)) {
    case 0:
        box(body, rng);
        o->width = range(rng, 0.2, 0.5);
        break;
    case 1:
        o->kind = OUTLINE_BAR;
        o->width = range(rng, 0.1, 0.4);
        o->wobble = range(rng, 0, 0.3);
        body->bevel = o->width;
        body->thick = range(rng, 0.05, 0.3);
        break;
    default:
        o->kind = OUTLINE_BLOB;
        o->depth = range(rng, 0.2, 0.7);
        o->wobble = range(rng, 0, 0.3);
        body->bevel = range(rng, 0.2, 0.8);
        body->thick = range(rng, 0.1, 0.6);
        body->reach = 1.4f;
    }
    any_texture(&body->texture, rng);
}

void occluder_draw(struct rng *rng, struct body *body)
{
    body_start(body, rng);
    struct outline *o = &body->outline;
    bool branch = chance(rng, 0.6);
    o->kind = branch ? OUTLINE_BAR : OUTLINE_BLOB;
    o->width = range(rng, 0.12, 0.3);
    o->depth = range(rng, 0.2, 0.7);
    o->wobble = range(rng, 0, 0.3);
    body->bevel = branch ? o->width : range(rng, 0.2, 0.8);
    body->thick = range(rng, 0.1, 0.4);
    body->reach = 1.4f;
    any_texture(&body->texture, rng);
}

void ground_draw(struct rng *rng, struct texture *texture)
{
    static const struct {
        enum texture_kind kind;
        double low, high; /* frequency */
    } grounds[] = {
        { TEXTURE_PLAIN, 0.5, 2 }, { TEXTURE_CLOUDS, 0.8, 3 },  { TEXTURE_CLOUDS, 0.8, 4 },
        { TEXTURE_GRAIN, 2, 6 },   { TEXTURE_GRAIN, 2, 6 },     { TEXTURE_GRAIN, 2, 6 },
        { TEXTURE_TILES, 0.8, 2 }, { TEXTURE_STRIPES, 0.7, 2 },
    };
    uint64_t which = rng_below(rng, sizeof(grounds) / sizeof(grounds[0]));
    texture->kind = grounds[which].kind;
    texture->frequency = range(rng, grounds[which].low, grounds[which].high);
    texture->share = range(rng, 0.3, 0.7);
    texture->wave = range(rng, 0, 0.8);
    turn_texture(texture, rng, rng_range(rng, 0, 6.2831853));
}
