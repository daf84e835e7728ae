/*
 * From where to where a plot goes: all of its curves, but where `cut` is set neither runs that
 * diverged or lie far above the others nor a few such values squeeze the rest; `most` cuts at a
 * value.
 *
 *     const { x, y, cut } = chartLimits(curves, { log: false, cut: true });
 */
function chartLimits(curves, { log, cut, most }) {
    const far = cut ? 20 * typical(curves) : Infinity;
    const wild = curve =>
        cut && ((curve.run && curve.run.state === "diverged") || mean(curve.y) > far);
    const tame = curves.some(curve => !wild(curve));
    const xs = [],
        ys = [];
    let above = -Infinity;
    for (const curve of curves)
        for (let i = 0; i < curve.x.length; i++) {
            if (curve.x[i] == null || curve.y[i] == null) continue;
            xs.push(curve.x[i]);
            above = Math.max(above, curve.y[i]);
            if (tame && wild(curve)) continue;
            for (const y of curve.y2 ? [curve.y[i], curve.y2[i]] : [curve.y[i]])
                if (y != null && (!log || y > 0)) ys.push(y);
        }
    if (!ys.length) return { x: [0, 1], y: log ? [0.1, 1] : [0, 1], cut: false };
    const x = list.extent(xs);
    let [low, high] = list.extent(ys);
    if (x[0] === x[1]) x[1] = x[0] + (Math.abs(x[0]) || 1) / 2;
    if (log) return { x, y: [low / 1.1, high * 1.1], cut: above > high };
    const top = Math.min(most ?? Infinity, cut ? usual(ys, low) : Infinity);
    const room = (Math.min(high, top) - low) * 0.05 || Math.abs(low) * 0.1 || 0.5;
    high = top < high ? top : high + room;
    return { x, y: [low >= 0 ? Math.max(0, low - room) : low - room, high], cut: above > high };
}

/* Of values that are there; 0 of none. */
function mean(values) {
    const there = values.filter(value => value != null);
    return there.reduce((sum, value) => sum + value, 0) / (there.length || 1);
}

/* The curve in the middle, by its mean; nothing is far from 0 or less. */
function typical(curves) {
    const means = curves.map(curve => mean(curve.y)).sort((a, b) => a - b);
    const middle = means[Math.floor((means.length - 1) / 2)];
    return middle > 0 ? middle : Infinity;
}

/* Where values end if the highest 3 % reach more than 2.5 times as far as the others; of very many
 * a sample says it. */
function usual(ys, low) {
    const stride = Math.max(1, Math.floor(ys.length / 20000));
    const sample = ys.filter((_, i) => i % stride === 0).sort((a, b) => a - b);
    const most = sample[Math.floor(0.97 * (sample.length - 1))];
    const far =
        sample.length > 10 && most > low && sample[sample.length - 1] - low > 2.5 * (most - low);
    return far ? most + 0.3 * (most - low) : Infinity;
}
