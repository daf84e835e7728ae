/*
 * What a run's line looks like. Chosen runs have a color and a dash of their own (Okabe and Ito's
 * colors, as adapted in the style sheet), the others are faint; or all are colored by a number,
 * from blue by gray to orange, which those who see no red or green tell apart, too.
 */
const color = (() => {
    const dashes = [[], [7, 4], [2, 3]];
    const ramps = {
        light: [
            [25, 95, 175],
            [140, 140, 148],
            [190, 82, 0],
        ],
        dark: [
            [90, 170, 255],
            [140, 146, 156],
            [255, 160, 77],
        ],
    };
    let series = [],
        faint = "",
        scale = null;
    const places = new Map();

    function refresh() {
        series = [1, 2, 3, 4, 5, 6].map(i => css(`--s${i}`));
        faint = css("--faint");
        assign();
        scale = store.color ? makeScale(store.color) : null;
    }

    /* A run keeps its color as long as it is chosen; a new one takes the first that is free. */
    function assign() {
        for (const id of places.keys()) if (!store.chosen.has(id)) places.delete(id);
        const taken = new Set(places.values());
        let free = 0;
        for (const id of store.chosen) {
            if (places.has(id)) continue;
            while (taken.has(free)) free++;
            places.set(id, free++);
        }
    }

    /* Extremes do not take all the colors: those of the middle nine tenths are the ends. */
    function makeScale(name) {
        const { of, label, write } = column(name);
        const values = store.visible
            .map(of)
            .filter(value => typeof value === "number")
            .sort((a, b) => a - b);
        if (!values.length) return null;
        const low = values[Math.floor(0.05 * (values.length - 1))],
            high = values[Math.ceil(0.95 * (values.length - 1))];
        const log = low > 0 && high / low > 30;
        const place = value => {
            const [x, a, b] = log ? [value, low, high].map(Math.log) : [value, low, high];
            return b > a ? Math.min(1, Math.max(0, (x - a) / (b - a))) : 0.5;
        };
        return { of, label, write, low, high, place };
    }

    function ramp(share) {
        const [a, b, c] = ramps[isDark() ? "dark" : "light"];
        const [from, to, t] = share < 0.5 ? [a, b, 2 * share] : [b, c, 2 * share - 1];
        return `rgb(${from.map((x, i) => Math.round(x + t * (to[i] - x))).join(",")})`;
    }

    return {
        refresh,
        ramp,
        series: i => series[i % series.length],
        get scale() {
            return scale;
        },
        /* {stroke, width, dash, alpha, front}: those in front are drawn last. */
        line(run) {
            const place = places.get(run.id) ?? -1;
            if (scale) {
                const value = scale.of(run);
                const known = typeof value === "number";
                return {
                    stroke: known ? ramp(scale.place(value)) : faint,
                    width: place >= 0 ? 2.5 : 1,
                    dash: [],
                    alpha: place >= 0 ? 1 : known ? 0.65 : 0.25,
                    front: place >= 0,
                };
            }
            if (place < 0)
                return {
                    stroke: faint,
                    width: 1,
                    dash: [],
                    alpha: store.visible.length > 60 ? 0.22 : 0.45,
                    front: false,
                };
            return {
                stroke: series[place % series.length],
                width: 2,
                dash: dashes[Math.floor(place / series.length) % dashes.length],
                alpha: 1,
                front: true,
            };
        },
    };
})();

function isDark() {
    const theme = document.documentElement.dataset.theme;
    return theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}
