/*
 * What uPlot draws no lines for: bands, dots and rings. They draw into its canvas at once and leave
 * it no path, so they lie under the lines.
 */
function inPlot(u, curve, draw) {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.globalAlpha = curve.alpha ?? 1;
    ctx.fillStyle = ctx.strokeStyle = curve.stroke;
    draw(
        ctx,
        value => u.valToPos(value, "x", true),
        value => u.valToPos(value, "y", true)
    );
    ctx.restore();
    return null;
}

function drawDots(u, [x, y], curve) {
    const size = Math.round((curve.size || 2) * uPlot.pxRatio);
    return inPlot(u, curve, (ctx, atX, atY) => {
        for (let i = 0; i < x.length; i++)
            if (y[i] != null) ctx.fillRect(atX(x[i]) - size / 2, atY(y[i]) - size / 2, size, size);
    });
}

/* Rings: values that stand for themselves, like one validation an epoch. */
function drawMarks(u, [x, y], curve) {
    return inPlot(u, curve, (ctx, atX, atY) => {
        ctx.lineWidth = 1.5 * uPlot.pxRatio;
        for (let i = 0; i < x.length; i++)
            if (y[i] != null) {
                ctx.beginPath();
                ctx.arc(atX(x[i]), atY(y[i]), 2.6 * uPlot.pxRatio, 0, 7);
                ctx.stroke();
            }
    });
}

/* Between y and y2. */
function drawBand(u, [x, y], curve) {
    return inPlot(u, curve, (ctx, atX, atY) => {
        const known = [...x.keys()].filter(i => y[i] != null && curve.y2[i] != null);
        ctx.beginPath();
        known.forEach(i => ctx.lineTo(atX(x[i]), atY(y[i])));
        known.reverse().forEach(i => ctx.lineTo(atX(x[i]), atY(curve.y2[i])));
        ctx.fill();
    });
}
